package sandbox

import (
	"slices"

	"echogate/protocol"
)

// LastSeq is the seq of the group's newest message, 0 when there is no such group.
func (w *World) LastSeq(g protocol.GroupID) uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if grp := w.groups[g]; grp != nil {
		return grp.nextSeq() - 1
	}
	return 0
}

// GroupMessages are the group's messages with from <= Seq <= to in ascending order, recalled ones included. What lies
// outside of what was said is left out; an unknown group has none.
func (w *World) GroupMessages(g protocol.GroupID, from, to uint32) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	grp := w.groups[g]
	if grp == nil {
		return nil
	}
	from = max(from, grp.firstSeq)
	to = min(to, grp.nextSeq()-1)
	if from > to {
		return nil
	}
	return copies(grp.said[from-grp.firstSeq : to-grp.firstSeq+1])
}

// PrivateMessages are the messages of the chat between a and b with an ID greater than after, in the order in which
// they were said, at most limit of them (0: all), recalled ones included.
func (w *World) PrivateMessages(a, b protocol.UserID, after uint64, limit int) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	chat := w.chats[pairOf(a, b)]
	if chat == nil {
		return nil
	}
	start, _ := slices.BinarySearchFunc(chat.said, after, func(m *Message, id uint64) int {
		if m.ID <= id {
			return -1
		}
		return 1
	})
	list := chat.said[start:]
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return copies(list)
}

// FindPrivate is the newest message with this seq in the chat between a and b; from 0 fits both authors.
func (w *World) FindPrivate(a, b, from protocol.UserID, seq uint32) (Message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if chat := w.chats[pairOf(a, b)]; chat != nil {
		if m := chat.find(seq, from); m != nil {
			return *m, true
		}
	}
	return Message{}, false
}

// find is the group's message with this seq, if its author fits; sender 0 fits everybody.
func (g *group) find(seq uint32, sender protocol.UserID) *Message {
	if seq < g.firstSeq || seq >= g.nextSeq() {
		return nil
	}
	m := g.said[seq-g.firstSeq]
	if sender != 0 && m.From != sender {
		return nil
	}
	return m
}

// find is the chat's newest message with this seq; sender 0 fits both.
func (c *privateChat) find(seq uint32, sender protocol.UserID) *Message {
	return c.match(func(m *Message) bool { return m.Seq == seq && (sender == 0 || m.From == sender) })
}

// match looks from the newest message backwards: a client that starts anew reuses its seqs, and nearly always the last
// messages are asked for.
func (c *privateChat) match(wanted func(*Message) bool) *Message {
	for _, m := range slices.Backward(c.said) {
		if wanted(m) {
			return m
		}
	}
	return nil
}

func copies(list []*Message) []Message {
	out := make([]Message, len(list))
	for i, m := range list {
		out[i] = *m
	}
	return out
}
