package sandbox

import (
	"echogate/protocol"
)

// RecallGroup takes a group message back. Everybody may recall his own for two minutes; an admin may recall a plain
// member's at any time, the owner everybody's. random 0 fits any. Anything else is a [*Refusal] with [CodeRecall], the
// one code that QQ has for it. The message returned is marked as recalled.
func (w *World) RecallGroup(by protocol.UserID, g protocol.GroupID, seq, random uint32) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	grp := w.groups[g]
	if grp == nil || grp.members[by] == nil {
		return Message{}, cannotRecall()
	}
	m := grp.find(seq, 0)
	if m == nil || (random != 0 && m.Random != random) || !grp.mayRecall(by, m, w.now().Unix()) {
		return Message{}, cannotRecall()
	}
	return w.recall(m, by)
}

// RecallPrivate takes back what by said to peer less than two minutes ago. random 0 fits any. Errors are those of
// [World.RecallGroup].
func (w *World) RecallPrivate(by, peer protocol.UserID, seq, random uint32) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	chat := w.chats[pairOf(by, peer)]
	if chat == nil {
		return Message{}, cannotRecall()
	}
	m := chat.match(func(m *Message) bool {
		return m.Seq == seq && m.From == by && (random == 0 || m.Random == random)
	})
	if m == nil || !recent(m, w.now().Unix()) {
		return Message{}, cannotRecall()
	}
	return w.recall(m, by)
}

func (w *World) recall(m *Message, by protocol.UserID) (Message, error) {
	if m.Recalled {
		return Message{}, cannotRecall()
	}
	m.Recalled, m.RecalledBy = true, by
	w.append(change{kind: Recalled, message: m})
	return *m, nil
}

// mayRecall applies the ranks: an author who left the group counts as a plain member.
func (g *group) mayRecall(by protocol.UserID, m *Message, now int64) bool {
	if m.From == by {
		return recent(m, now)
	}
	authors := protocol.RoleMember
	if member := g.members[m.From]; member != nil {
		authors = member.Role
	}
	return g.members[by].Role > authors
}

func recent(m *Message, now int64) bool { return now-m.Time <= RecallSeconds }

func cannotRecall() *Refusal {
	return &Refusal{Code: CodeRecall, Text: "No message meets the requirements"}
}
