package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"echogate/protocol"
	"echogate/protocol/message"
)

// Span is the run of messages that a burst put into one group. Others' messages cannot be among them.
type Span struct {
	Group       protocol.GroupID
	First, Last uint32 // seqs, both included
}

// Burst says count messages round robin over the groups, all at one moment: nothing else happens in between. Each is
// text followed by " #<group>/<i>", with i counting from 1 in each group. The author is from; with from 0 it is in each
// group the member with the lowest number who may speak and is not the bot. If one group cannot take them, or none or one twice
// is named, nothing is said and there is an error, as with [World.SayGroup]. The spans come in the order of groups; a group without a message, as
// count was too small, has none.
func (w *World) Burst(from protocol.UserID, groups []protocol.GroupID, count int, text string) ([]Span, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(groups) == 0 || count < 1 {
		return nil, errors.New("a burst needs at least one group and one message")
	}
	type seat struct {
		group  *group
		author *protocol.Member
	}
	seats := make([]seat, 0, len(groups))
	for i, g := range groups {
		if slices.Contains(groups[:i], g) {
			return nil, fmt.Errorf("group %d is named twice", g)
		}
		grp, author, err := w.burstAuthor(from, g)
		if err != nil {
			return nil, err
		}
		seats = append(seats, seat{grp, author})
	}
	if longest := len(text) + len(fmt.Sprintf(" #%d/%d", int64(1<<62), count)); longest > MaxTextBytes {
		return nil, &Refusal{Code: CodeTooLong, Text: fmt.Sprintf("the burst's text has %d bytes", len(text))}
	}
	spans := make([]Span, 0, min(len(seats), count))
	for i := range count {
		s := seats[i%len(seats)]
		nth := strconv.Itoa(i/len(seats) + 1)
		body := message.Message{message.Text{Text: text + " #" + strconv.FormatInt(int64(s.author.GroupID), 10) + "/" + nth}}
		m := w.sayGroup(s.group, s.author, 0, body)
		if i < len(seats) {
			spans = append(spans, Span{Group: m.Group, First: m.Seq, Last: m.Seq})
		}
		spans[i%len(seats)].Last = m.Seq
	}
	return spans, nil
}

func (w *World) burstAuthor(from protocol.UserID, g protocol.GroupID) (*group, *protocol.Member, error) {
	if from != 0 {
		return w.speaker(from, g)
	}
	if grp := w.groups[g]; grp != nil {
		for _, m := range sortedValues(grp.members) {
			if m.UserID == w.bot {
				continue
			}
			if grp, author, err := w.speaker(m.UserID, g); err == nil {
				return grp, author, nil
			}
		}
	}
	return nil, nil, &Refusal{Code: CodeNotMember, Text: fmt.Sprintf("group %d has no member beside the bot who may speak", g)}
}
