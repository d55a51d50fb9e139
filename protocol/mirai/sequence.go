package mirai

import (
	"cmp"
	"slices"
	"time"

	"echogate/protocol"
)

const (
	// maxHeld is how many messages of one lane may wait for a missing one. It is far above what the gate lets fly.
	maxHeld = 16_384
	// remembered is how many passed-on messages of a lane are known by name, so that a double is recognized.
	remembered = 4096
	// unsettledGaps is how many times longer a gap of a group waits while MiraiGo has not reported all that it has read.
	unsettledGaps = 10
	// maxFresh is how many messages wait for a first one that a login did not count: more than can overtake it.
	maxFresh = 2 * maxFlying
)

// sequence is one lane of the sequencer.
type sequence struct {
	gap, maxGap time.Duration
	dense       bool // seqs have no gaps
	next        uint32
	known       bool // next is known
	fresh       bool // next is what a login said, and nothing has passed since
	held        []*entry
	arrived     time.Time // of the newest held entry
	stalled     time.Time // since when next has been missing
	passed      map[uint32][]identity
	order       []uint32 // seqs in passed, oldest first
}

// identity tells messages of one seq apart; seqs of private chats repeat.
type identity struct {
	sender protocol.UserID
	random uint32
}

// entry is what waits under one seq: a message, or a recall of it, or both.
type entry struct {
	ref     protocol.Ref
	message *protocol.Received
	recalls []protocol.Recalled
}

type verdict uint8

const (
	inOrder verdict = iota
	disordered
	duplicate
)

func newSequence(gap, maxGap time.Duration, dense bool) *sequence {
	return &sequence{gap: gap, maxGap: maxGap, dense: dense, passed: map[uint32][]identity{}}
}

// say takes a message in.
func (q *sequence) say(now time.Time, e protocol.Received) verdict {
	r := e.Message.Ref
	waiting := q.find(r.Seq)
	if slices.Contains(q.passed[r.Seq], identify(r)) || waiting != nil && q.holds(r) {
		return duplicate
	}
	if q.fresh && r.Seq < q.next {
		// The server counted this one before it was on its way, so others before it may be on theirs.
		q.known = false
	}
	v := inOrder
	if len(q.held) > 0 && r.Seq < q.held[len(q.held)-1].ref.Seq {
		v = disordered // it came after a later one
	}
	added := &entry{ref: r, message: &e}
	if waiting != nil && waiting.message == nil {
		// Only a recall has come so far. Its time may be another than the message's, and with it the place.
		added.recalls = waiting.recalls
		q.held = slices.DeleteFunc(q.held, func(e *entry) bool { return e == waiting })
	}
	q.insert(now, added)
	return v
}

// recall takes in that a message was taken back.
func (q *sequence) recall(now time.Time, e protocol.Recalled) {
	at := q.find(e.Ref.Seq)
	if at == nil {
		at = &entry{ref: e.Ref}
		q.insert(now, at)
	}
	at.recalls = append(at.recalls, e)
}

func identify(r protocol.Ref) identity { return identity{r.Sender, r.Random} }

// find returns the first entry that waits under a seq.
func (q *sequence) find(seq uint32) *entry {
	if !q.dense { // few
		if i := slices.IndexFunc(q.held, func(e *entry) bool { return e.ref.Seq == seq }); i >= 0 {
			return q.held[i]
		}
		return nil
	}
	if i, found := slices.BinarySearchFunc(q.held, seq, func(e *entry, s uint32) int { return cmp.Compare(e.ref.Seq, s) }); found {
		return q.held[i]
	}
	return nil
}

// holds tells whether the message itself waits already.
func (q *sequence) holds(r protocol.Ref) bool {
	return slices.ContainsFunc(q.held, func(e *entry) bool {
		return e.ref.Seq == r.Seq && e.message != nil && identify(e.ref) == identify(r)
	})
}

func (q *sequence) insert(now time.Time, e *entry) {
	q.arrived = now
	if len(q.held) == 0 {
		q.stalled = now
	}
	i, _ := slices.BinarySearchFunc(q.held, e, q.compare)
	q.held = slices.Insert(q.held, i, e)
}

// compare orders a group by seq, a private chat by (time, seq).
func (q *sequence) compare(a, b *entry) int {
	if q.dense {
		return cmp.Compare(a.ref.Seq, b.ref.Seq)
	}
	return cmp.Or(cmp.Compare(a.ref.Time, b.ref.Time), cmp.Compare(a.ref.Seq, b.ref.Seq))
}

// pop passes on what is next, and what is too late to wait.
func (q *sequence) pop(now time.Time, out []protocol.Event) []protocol.Event {
	moved := false
	for len(q.held) > 0 && q.ready(q.held[0]) {
		out = q.pass(out)
		moved = true
	}
	if moved {
		q.stalled = now
	}
	if len(q.held) > maxHeld || q.fresh && len(q.held) > maxFresh {
		return q.giveUp(now, out)
	}
	return out
}

// ready tells whether the first entry need not wait.
func (q *sequence) ready(first *entry) bool {
	if !q.known {
		return false
	}
	if first.message == nil {
		_, there := q.passed[first.ref.Seq]
		return there || q.dense && first.ref.Seq < q.next
	}
	return first.ref.Seq == q.next || q.dense && first.ref.Seq < q.next
}

// pass passes the first entry on.
func (q *sequence) pass(out []protocol.Event) []protocol.Event {
	first := q.held[0]
	q.held = q.held[1:]
	if len(q.held) == 0 {
		q.held = nil
	}
	if first.message != nil {
		out = append(out, *first.message)
		q.remember(first.message.Message.Ref)
		q.fresh = false
		if !q.known || !q.dense || first.ref.Seq >= q.next {
			q.next, q.known = first.ref.Seq+1, true
		}
	}
	for _, r := range first.recalls {
		out = append(out, r)
	}
	return out
}

func (q *sequence) remember(r protocol.Ref) {
	q.passed[r.Seq] = append(q.passed[r.Seq], identify(r))
	q.order = append(q.order, r.Seq)
	if len(q.order) > remembered {
		delete(q.passed, q.order[0])
		q.order = q.order[1:]
	}
}

// flush passes everything on in order, whatever is missing.
func (q *sequence) flush(out []protocol.Event) []protocol.Event {
	for len(q.held) > 0 {
		out = q.pass(out)
	}
	return out
}

// giveUp stops waiting for what is missing before the first entry. In a group that is one gap: the next one has a time
// of its own. Where nothing is dense there are no gaps, only a time to wait.
func (q *sequence) giveUp(now time.Time, out []protocol.Event) []protocol.Event {
	if !q.dense || !now.Before(q.arrived.Add(q.gap)) {
		return q.flush(out)
	}
	out = q.pass(out)
	q.stalled = now
	return q.pop(now, out)
}

// deadline is when waiting for the first entry's predecessors ends. A quiet time means little while messages are still
// being decoded, so it must then be longer.
func (q *sequence) deadline(settled bool) (time.Time, bool) {
	if len(q.held) == 0 {
		return time.Time{}, false
	}
	gap := q.gap
	if !settled && q.dense {
		gap *= unsettledGaps
	}
	quiet, hard := q.arrived.Add(gap), q.stalled.Add(q.maxGap)
	if hard.Before(quiet) {
		return hard, true
	}
	return quiet, true
}
