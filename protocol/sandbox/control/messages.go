package control

import (
	"context"
	"net/http"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

const (
	defaultLimit = 1000
	maxLimit     = 100_000
	maxWait      = 5 * time.Minute
	page         = 1000 // messages copied under the World's lock at once
)

// selection says which messages of one chat are wanted.
type selection struct {
	group      protocol.GroupID // 0: the private chat of user and peer
	user, peer protocol.UserID
	from       protocol.UserID // 0: everybody
	after      uint32          // smaller and equal seqs are left out
	afterID    uint64          // and so is everything said up to this message
	limit      int
	wait       time.Duration
}

type listed struct {
	Seq      uint32          `json:"seq"`
	Random   uint32          `json:"random"`
	Time     int64           `json:"time"`
	Sender   protocol.UserID `json:"sender"`
	Nickname string          `json:"nickname"`
	Recalled bool            `json:"recalled"`
	Message  message.Message `json:"message"`
	Raw      string          `json:"raw"`
	Reply    *quoted         `json:"reply"`
}

type quoted struct {
	Seq    uint32 `json:"seq"`
	Sender int64  `json:"sender"`
}

func (c *Control) messages(r *http.Request) (any, error) {
	s, err := c.readSelection(r)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Messages []listed `json:"messages"`
	}{[]listed{}}
	for _, m := range c.await(r.Context(), s) {
		l := listed{
			Seq: m.Seq, Random: m.Random, Time: m.Time, Sender: m.From, Nickname: m.Nickname,
			Recalled: m.Recalled, Message: m.Body, Raw: m.Body.CQ(),
		}
		if reply, ok := m.Body.Reply(); ok {
			l.Reply = &quoted{reply.Quote.Seq, reply.Quote.Sender}
		}
		answer.Messages = append(answer.Messages, l)
	}
	return answer, nil
}

func (c *Control) readSelection(r *http.Request) (selection, error) {
	p := &parameters{values: r.URL.Query()}
	s := selection{
		group: protocol.GroupID(p.number("group", 0, maxNumber)),
		user:  protocol.UserID(p.number("user", 0, maxNumber)),
		peer:  protocol.UserID(p.number("peer", 0, maxNumber)),
		from:  protocol.UserID(p.number("from", 0, maxNumber)),
		after: uint32(p.number("after", 0, maxNumber)),
		limit: int(p.number("limit", defaultLimit, maxLimit)),
		wait:  p.duration("wait", maxWait),
	}
	if err := p.done(); err != nil {
		return selection{}, err
	}
	switch {
	case (s.group == 0) == (s.user == 0):
		return selection{}, badf(`one of the parameters "group" and "user" is wanted`)
	case s.group != 0 && s.peer != 0:
		return selection{}, badf(`parameter "peer" belongs to private chats`)
	}
	if s.user != 0 && s.peer == 0 {
		s.peer = c.world.Bot()
	}
	for _, u := range []protocol.UserID{s.user, s.peer, s.from} {
		if err := c.checkUser(u); err != nil {
			return selection{}, err
		}
	}
	if s.user != 0 {
		c.anchor(&s)
	}
	return s, c.checkGroup(s.group)
}

// anchor turns "after this seq" of a private chat into "after this message": the seqs of its two directions, and those
// of one client before and after a restart, cannot be compared.
func (c *Control) anchor(s *selection) {
	if s.after == 0 {
		return
	}
	m, ok := c.world.FindPrivate(s.user, s.peer, s.from, s.after)
	if !ok {
		m, ok = c.world.FindPrivate(s.user, s.peer, 0, s.after)
	}
	if ok {
		s.after, s.afterID = 0, m.ID
	}
}

// await collects what there is, or waits for what comes next.
func (c *Control) await(ctx context.Context, s selection) []sandbox.Message {
	cursor := c.world.End() // before the look at what there is, so that nothing falls in between
	found := c.collect(s)
	if len(found) > 0 || s.wait == 0 {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	for len(found) == 0 {
		changes, next, err := c.world.Next(ctx, cursor, page)
		if err != nil {
			return nil // the wait is over, or nobody waits any more
		}
		for _, change := range changes {
			if change.Kind == sandbox.Said && len(found) < s.limit && s.wants(change.Message) {
				found = append(found, change.Message)
			}
		}
		cursor = next
	}
	return found
}

// collect reads the chat page by page.
func (c *Control) collect(s selection) []sandbox.Message {
	var found []sandbox.Message
	if s.group == 0 {
		for after := s.afterID; ; {
			batch := c.world.PrivateMessages(s.user, s.peer, after, page)
			found = s.pick(found, batch)
			if len(batch) == 0 || len(found) == s.limit {
				return found
			}
			after = batch[len(batch)-1].ID
		}
	}
	group, _ := c.world.Group(s.group)
	last := uint64(group.LastSeq)
	for seq := max(uint64(s.after)+1, uint64(group.FirstSeq)); seq <= last && len(found) < s.limit; seq += page {
		found = s.pick(found, c.world.GroupMessages(s.group, uint32(seq), uint32(min(seq+page-1, last))))
	}
	return found
}

func (s selection) pick(found, batch []sandbox.Message) []sandbox.Message {
	for _, m := range batch {
		if len(found) < s.limit && s.wants(m) {
			found = append(found, m)
		}
	}
	return found
}

func (s selection) wants(m sandbox.Message) bool {
	if m.Seq <= s.after || (s.from != 0 && m.From != s.from) || m.Group != s.group {
		return false
	}
	return s.group != 0 || (m.From == s.user && m.To == s.peer) || (m.From == s.peer && m.To == s.user)
}
