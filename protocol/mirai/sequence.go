package mirai

import (
	"cmp"
	"slices"
	"time"

	"echogate/protocol"
)

const (
	// maxHeld is how many messages of one sequence may wait for a missing one. It is far above what the gate lets fly.
	maxHeld = 16_384
	// unsettledGaps is how many times longer a gap of a group waits while MiraiGo has not reported all that it has read.
	unsettledGaps = 10
	// maxFresh is how many messages wait for a first one that a login did not count: more than can overtake it.
	maxFresh = 2 * maxBlind
)

// sequence is what runs on in one seqSpace.
type sequence struct {
	gap, maxGap time.Duration
	dense       bool // seqs have no gaps
	next        uint32
	known       bool // next is known
	fresh       bool // next is what a login said, and nothing has passed since
	held        []*slot
	arrived     time.Time // of the newest held slot
	stalled     time.Time // since when next has been missing
	asked       span      // what the history is being asked for
	answer      time.Time // until when that is waited for; zero: no longer
	seen        window    // dense only: what was passed on
	named       nameList  // not dense: what was passed on
}

// slot is what waits under one seq: a message, or a recall of it, or both.
type slot struct {
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
	return &sequence{gap: gap, maxGap: maxGap, dense: dense}
}

// say takes a message in.
func (q *sequence) say(now time.Time, e protocol.Received) verdict {
	r := e.Message.Ref
	waiting := q.find(r.Seq)
	if q.passed(r) || waiting != nil && q.holds(r) {
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
	added := &slot{ref: r, message: &e}
	if waiting != nil && waiting.message == nil {
		// Only a recall has come so far. Its time may be another than the message's, and with it the place.
		added.recalls = waiting.recalls
		q.held = slices.DeleteFunc(q.held, func(e *slot) bool { return e == waiting })
	}
	q.insert(now, added)
	return v
}

// recall takes in that a message was taken back.
func (q *sequence) recall(now time.Time, e protocol.Recalled) {
	at := q.find(e.Ref.Seq)
	if at == nil {
		at = &slot{ref: e.Ref}
		q.insert(now, at)
	}
	at.recalls = append(at.recalls, e)
}

// passed tells whether the message was passed on before.
func (q *sequence) passed(r protocol.Ref) bool {
	if q.dense {
		return q.seen.has(r.Seq)
	}
	return q.named.has(r)
}

// find returns the first slot that waits under a seq.
func (q *sequence) find(seq uint32) *slot {
	if !q.dense { // few
		if i := slices.IndexFunc(q.held, func(e *slot) bool { return e.ref.Seq == seq }); i >= 0 {
			return q.held[i]
		}
		return nil
	}
	if i, found := slices.BinarySearchFunc(q.held, seq, func(e *slot, s uint32) int { return cmp.Compare(e.ref.Seq, s) }); found {
		return q.held[i]
	}
	return nil
}

// holds tells whether the message itself waits already.
func (q *sequence) holds(r protocol.Ref) bool {
	return slices.ContainsFunc(q.held, func(e *slot) bool {
		return e.message != nil && e.ref.Seq == r.Seq && (q.dense || e.ref.Random == r.Random)
	})
}

func (q *sequence) insert(now time.Time, e *slot) {
	q.arrived = now
	if len(q.held) == 0 {
		q.stalled = now
	}
	i, _ := slices.BinarySearchFunc(q.held, e, q.compare)
	q.held = slices.Insert(q.held, i, e)
}

// compare orders a group by seq, a private chat by (time, seq).
func (q *sequence) compare(a, b *slot) int {
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

// ready tells whether the first slot need not wait.
func (q *sequence) ready(first *slot) bool {
	if !q.known {
		return false
	}
	if first.message == nil {
		return q.dense && first.ref.Seq < q.next || q.named.hasSeq(first.ref.Seq)
	}
	return first.ref.Seq == q.next || q.dense && first.ref.Seq < q.next
}

// pass passes the first slot on.
func (q *sequence) pass(out []protocol.Event) []protocol.Event {
	first := q.held[0]
	q.held = q.held[1:]
	if len(q.held) == 0 {
		q.held = nil
	}
	if first.message != nil {
		out = append(out, *first.message)
		if q.dense {
			q.seen.add(first.ref.Seq)
		} else {
			q.named.add(first.ref)
		}
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

// flush passes everything on in order, whatever is missing.
func (q *sequence) flush(out []protocol.Event) []protocol.Event {
	for len(q.held) > 0 {
		out = q.pass(out)
	}
	return out
}

// giveUp stops waiting for what is missing before the first slot. In a group that is one gap: the next one has a time
// of its own. Where nothing is dense there are no gaps, only a time to wait.
func (q *sequence) giveUp(now time.Time, out []protocol.Event) []protocol.Event {
	q.answer = time.Time{}
	if !q.dense || !now.Before(q.arrived.Add(q.gap)) {
		return q.flush(out)
	}
	out = q.pass(out)
	q.stalled = now
	return q.pop(now, out)
}

// deadline is when waiting for the first slot's predecessors ends. A quiet time means little while messages are still
// being decoded, so it must then be longer.
func (q *sequence) deadline(settled bool) (time.Time, bool) {
	if len(q.held) == 0 {
		return time.Time{}, false
	}
	if q.known && !q.answer.IsZero() {
		return q.answer, true
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
