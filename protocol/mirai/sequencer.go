package mirai

import (
	"maps"
	"time"

	"echogate/protocol"
)

// item is one thing that MiraiGo reported, as the sequencer orders it.
type item struct {
	event protocol.Event
	kind  itemKind
	// bases are the newest seqs of groups at a login (kind session).
	bases map[protocol.GroupID]uint32
	// span was asked for, and found is what the history had of it (kind filled).
	span  span
	found []protocol.Message
}

type itemKind uint8

const (
	said     itemKind = iota // event is a Received
	recalled                 // event is a Recalled
	session                  // event is an Online or Offline, which all later events must follow
	filled                   // found is the history's answer
)

// sequencer puts the messages of each chat into QQ's order again, drops doubles, and keeps a recall behind its message.
// It is a pure state machine: time comes with the calls.
//
// The seqs of a group have no gaps, so what is next is known. A message that is not next waits until it is, or until
// nothing has come for the group during a quiet time, or one seq has been missing for too long; then the missing ones
// are given up, but not before the history was asked for them, once. One that comes after it was given up is passed on
// at once: late is better than lost. In private chats
// every sender counts on his own devices, so the seqs run on but may skip; the same rules hold with a shorter time.
type sequencer struct {
	gap, maxGap, privateGap time.Duration
	counts                  *counters
	ask                     func(span) bool // asks the history; false: it cannot
	spaces                  map[seqSpace]*sequence
	swept                   time.Time // when forget last looked
	missed                  missed
}

// missed is what was said in groups while the account was away, as far as rebase could tell.
type missed struct {
	messages uint64
	groups   int
}

// seqSpace is what shares one count of seqs: a group, or one direction of a private chat.
type seqSpace struct {
	chat   protocol.Chat
	sender protocol.UserID // private only
}

// forgetAfter is how long what was passed on of a private chat is remembered after its last message, and forgetEvery how
// often that is looked at.
const (
	forgetAfter = 24 * time.Hour
	forgetEvery = time.Hour
)

func newSequencer(t Timing, counts *counters, ask func(span) bool) *sequencer {
	return &sequencer{
		ask: ask,
		gap: t.Gap, maxGap: t.MaxGap, privateGap: t.PrivateGap,
		counts: counts, spaces: map[seqSpace]*sequence{},
	}
}

func spaceOf(r protocol.Ref) seqSpace {
	if r.Chat.Kind == protocol.Group {
		return seqSpace{chat: r.Chat}
	}
	return seqSpace{r.Chat, r.Sender}
}

func (s *sequencer) sequence(now time.Time, r protocol.Ref) *sequence {
	space := spaceOf(r)
	q := s.spaces[space]
	if q == nil {
		s.forget(now)
		q = newSequence(s.gap, s.maxGap, r.Chat.Kind == protocol.Group)
		if r.Chat.Kind != protocol.Group {
			q.gap, q.maxGap = s.privateGap, s.privateGap
		}
		s.spaces[space] = q
	}
	return q
}

// forget drops private chats in which nothing was said for long, so that not everybody who ever wrote is kept.
func (s *sequencer) forget(now time.Time) {
	if now.Sub(s.swept) < forgetEvery {
		return
	}
	s.swept = now
	maps.DeleteFunc(s.spaces, func(_ seqSpace, q *sequence) bool {
		return !q.dense && len(q.held) == 0 && now.Sub(q.arrived) >= forgetAfter
	})
}

// add takes an item and appends to out what can be passed on now.
func (s *sequencer) add(now time.Time, i item, out []protocol.Event) []protocol.Event {
	if i.kind == filled {
		if q := s.spaces[seqSpace{chat: protocol.GroupChat(i.span.group)}]; q != nil {
			return q.fill(now, i.span, i.found, out)
		}
		return out
	}
	switch e := i.event.(type) {
	case protocol.Received:
		q := s.sequence(now, e.Message.Ref)
		switch q.say(now, e) {
		case duplicate:
			s.counts.duplicates.Add(1)
		case disordered:
			s.counts.reordered.Add(1)
		case inOrder:
		}
		return q.pop(now, out)
	case protocol.Recalled:
		q := s.sequence(now, e.Ref)
		q.recall(now, e)
		return q.pop(now, out)
	default:
		if i.event != nil {
			out = append(out, i.event)
		}
		return out
	}
}

// rebase tells where a group stands after a login. What was said in between was never sent to the account.
func (s *sequencer) rebase(now time.Time, g protocol.GroupID, newest uint32, out []protocol.Event) []protocol.Event {
	q := s.sequence(now, protocol.Ref{Chat: protocol.GroupChat(g)})
	out = q.flush(out)
	if q.known && newest+1 > q.next {
		s.missed.messages += uint64(newest + 1 - q.next)
		s.missed.groups++
	}
	if q.known && newest+1 < q.next {
		// Another server, or one that forgot: seqs that were seen come anew.
		q.seen = window{}
	}
	q.next, q.known, q.fresh, q.asked = newest+1, true, q.dense, span{}
	return out
}

// earliest finds the lowest seq said in each group, apart from what is late and belongs to a session before.
func (s *sequencer) earliest(items []item) map[protocol.GroupID]uint32 {
	first := map[protocol.GroupID]uint32{}
	for _, i := range items {
		e, ok := i.event.(protocol.Received)
		if !ok || e.Message.Ref.Chat.Kind != protocol.Group {
			continue
		}
		r := e.Message.Ref
		if q := s.spaces[spaceOf(r)]; q != nil && q.known && r.Seq < q.next {
			continue
		}
		g := protocol.GroupID(r.Chat.ID)
		if seq, known := first[g]; !known || r.Seq < seq {
			first[g] = r.Seq
		}
	}
	return first
}

// flush passes on everything that waits, complete or not.
func (s *sequencer) flush(out []protocol.Event) []protocol.Event {
	for _, q := range s.spaces {
		out = q.flush(out)
	}
	return out
}

// due passes on what has waited long enough. settled tells whether everything that was read is in.
func (s *sequencer) due(now time.Time, settled bool, out []protocol.Event) []protocol.Event {
	for space, q := range s.spaces {
		d, ok := q.deadline(settled)
		if !ok || now.Before(d) {
			continue
		}
		if missing, ok := q.missing(); ok {
			missing.group = protocol.GroupID(space.chat.ID)
			if s.ask(missing) {
				q.await(missing, now.Add(fillWait))
				continue
			}
		}
		out = q.giveUp(now, out)
	}
	return out
}

// deadline is the earliest time at which due will do something.
func (s *sequencer) deadline(settled bool) (earliest time.Time, ok bool) {
	for _, q := range s.spaces {
		if d, waits := q.deadline(settled); waits && (!ok || d.Before(earliest)) {
			earliest, ok = d, true
		}
	}
	return earliest, ok
}
