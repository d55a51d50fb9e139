package sandbox

import (
	"fmt"
	"slices"

	"echogate/protocol"
	"echogate/protocol/message"
)

// SayGroup lets from say body in group g. With random 0 the World picks one. The seq follows the group's last one.
//
// A [*Refusal] says no as QQ does: not a member, muted, too long. A Reply is looked up in the group: one that carries
// only an ID (the quoted seq) must name a message of the group, or it is a [*protocol.NotFoundError]; one that carries
// Quote.Seq, as clients send it, is completed if it can be and kept as it is otherwise.
func (w *World) SayGroup(from protocol.UserID, g protocol.GroupID, random uint32, body message.Message) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	grp, author, err := w.speaker(from, g)
	if err != nil {
		return Message{}, err
	}
	body, err = completed(body, grp.find)
	if err != nil {
		return Message{}, err
	}
	return *w.sayGroup(grp, author, random, body), nil
}

// SayPrivate lets from say body to a friend. With random or seq 0 the World picks one; seqs count per direction, on
// from the last one the author used. Errors are as with [World.SayGroup]. A quoted seq may exist in both directions:
// Quote.Sender decides, and without it the newest message with that seq is meant.
func (w *World) SayPrivate(from, to protocol.UserID, seq, random uint32, body message.Message) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, friends := w.friends[from][to]; !friends {
		return Message{}, &Refusal{Code: CodeNotFriend, Text: fmt.Sprintf("%d and %d are not friends", from, to)}
	}
	chat := w.chats[pairOf(from, to)]
	if chat == nil {
		chat = &privateChat{lastSeq: make(map[protocol.UserID]uint32, 2)}
	}
	body, err := completed(body, chat.find)
	if err != nil {
		return Message{}, err
	}
	if seq == 0 {
		seq = chat.lastSeq[from] + 1
	}
	chat.lastSeq[from] = seq
	m := w.said(&Message{From: from, To: to, Seq: seq, Random: random, Nickname: w.accounts[from].Nickname, Body: body})
	chat.said = append(chat.said, m)
	w.chats[pairOf(from, to)] = chat
	return *m, nil
}

// speaker is the group g and its member u, if u may speak there now.
func (w *World) speaker(u protocol.UserID, g protocol.GroupID) (*group, *protocol.Member, error) {
	grp := w.groups[g]
	if grp == nil {
		return nil, nil, &Refusal{Code: CodeNotMember, Text: fmt.Sprintf("there is no group %d", g)}
	}
	member := grp.members[u]
	switch {
	case member == nil:
		return nil, nil, &Refusal{Code: CodeNotMember, Text: fmt.Sprintf("%d is not a member of group %d", u, g)}
	case member.MuteUntil > w.now().Unix():
		return nil, nil, &Refusal{Code: CodeMuted, Text: fmt.Sprintf("%d is muted in group %d", u, g)}
	case grp.muteAll && member.Role == protocol.RoleMember:
		return nil, nil, &Refusal{Code: CodeMuted, Text: fmt.Sprintf("group %d is muted as a whole", g)}
	}
	return grp, member, nil
}

func (w *World) sayGroup(g *group, author *protocol.Member, random uint32, body message.Message) *Message {
	m := w.said(&Message{
		Group: author.GroupID, From: author.UserID, Seq: g.nextSeq(), Random: random,
		Nickname: author.Nickname, Card: author.Card, Body: body,
	})
	author.LastSpeakTime = m.Time
	g.said = append(g.said, m)
	return m
}

// said gives m what every new message gets, and logs it.
func (w *World) said(m *Message) *Message {
	w.lastID++
	m.ID = w.lastID
	m.Time = w.now().Unix()
	if m.Random == 0 {
		m.Random = randomFor(m.ID)
	}
	w.append(change{kind: Said, message: m})
	return m
}

// completed is body as the World keeps it: checked, the quote in front and filled in with what find knows.
func completed(body message.Message, find func(seq uint32, sender protocol.UserID) *Message) (message.Message, error) {
	if len(body) == 0 {
		return nil, &Refusal{Code: CodeMalformed, Text: "the message is empty"}
	}
	var quotes, text int
	kept := make(message.Message, 0, len(body))
	for _, segment := range body {
		switch s := segment.(type) {
		case message.Reply:
			reply, err := resolve(s, find)
			if err != nil {
				return nil, err
			}
			quotes++
			kept = slices.Insert(kept, 0, message.Segment(reply))
			continue
		case message.Text:
			text += len(s.Text)
		case message.At:
			text += len(s.Name)
		}
		kept = append(kept, segment)
	}
	switch {
	case quotes > 1:
		return nil, &Refusal{Code: CodeMalformed, Text: "the message quotes more than one message"}
	case text > MaxTextBytes:
		return nil, &Refusal{Code: CodeTooLong, Text: fmt.Sprintf("the message has %d bytes of text, %d are allowed", text, MaxTextBytes)}
	}
	return kept, nil
}

// resolve fills in a quote. Quotes within the quoted message are left out, as QQ's quote box does.
func resolve(r message.Reply, find func(seq uint32, sender protocol.UserID) *Message) (message.Reply, error) {
	seq := r.Quote.Seq
	if seq == 0 {
		seq = uint32(max(r.ID, 0))
	}
	quoted := find(seq, protocol.UserID(r.Quote.Sender))
	if quoted == nil {
		if r.Quote.Seq == 0 {
			return r, &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(r.ID)}
		}
		r.ID = int32(seq)
		return r, nil
	}
	shown := make(message.Message, 0, len(quoted.Body))
	for _, s := range quoted.Body {
		if _, nested := s.(message.Reply); !nested {
			shown = append(shown, s)
		}
	}
	return message.Reply{
		ID:    int32(seq),
		Quote: message.Quote{Seq: seq, Sender: int64(quoted.From), Time: quoted.Time, Body: shown},
	}, nil
}
