package mirai

import (
	"context"
	"time"

	"echogate/protocol"
)

// pump takes items from the inbox through the sequencer to the channel of events. It is one goroutine of Run.
type pump struct {
	inbox  *inbox
	events chan<- protocol.Event
	order  *sequencer
	counts *counters
	// settled tells whether everything that MiraiGo has read is in the inbox.
	settled func() bool
	// early holds what was said before the session's lists were loaded; Online comes first.
	early []item
	ready bool
	// unsent is what was not handed out when run ended.
	unsent []protocol.Event
}

func newPump(d *Driver) *pump {
	return &pump{inbox: d.inbox, events: d.events, order: newSequencer(d.timing, &d.counts), counts: &d.counts, settled: d.gate.settled}
}

// recheck is how soon a gap is looked at again that is due but for messages that are still being decoded.
const recheck = 10 * time.Millisecond

// run pumps until ctx ends.
func (p *pump) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if deadline, waits := p.order.deadline(true); waits {
			timer.Reset(max(recheck, time.Until(deadline)))
		} else {
			timer.Stop()
		}
		var out []protocol.Event
		select {
		case <-ctx.Done():
			return
		case <-p.inbox.filled:
			now := time.Now()
			for _, i := range p.inbox.take() {
				out = p.take(now, i, out)
			}
		case <-timer.C:
			// While events were handed out, what is missing may have come.
			settled, now := p.settled(), time.Now()
			for _, i := range p.inbox.take() {
				out = p.take(now, i, out)
			}
			out = p.order.due(now, settled, out)
		}
		if !p.emit(ctx, out) {
			return
		}
	}
}

// finish hands out what is left, until ctx ends.
func (p *pump) finish(ctx context.Context) {
	out := p.unsent
	now := time.Now()
	p.ready = true
	for _, i := range append(p.early, p.inbox.take()...) {
		out = p.take(now, i, out)
	}
	p.emit(ctx, p.order.flush(out))
}

// take orders one item.
func (p *pump) take(now time.Time, i item, out []protocol.Event) []protocol.Event {
	if i.kind != session {
		if !p.ready {
			p.early = append(p.early, i)
			return out
		}
		return p.order.add(now, i, out)
	}
	if _, online := i.event.(protocol.Online); !online {
		// What was said before the loss belongs before it.
		p.ready = false
		return append(p.order.flush(out), i.event)
	}
	out = append(out, i.event)
	first := earliest(p.early)
	for g, newest := range i.bases {
		if seq, ok := first[g]; ok {
			newest = min(newest, seq-1)
		}
		out = p.order.rebase(now, g, newest, out)
	}
	p.ready = true
	for _, e := range p.early {
		out = p.order.add(now, e, out)
	}
	p.early = nil
	return out
}

// earliest finds the lowest seq said in each group.
func earliest(items []item) map[protocol.GroupID]uint32 {
	first := map[protocol.GroupID]uint32{}
	for _, i := range items {
		e, ok := i.event.(protocol.Received)
		if !ok || e.Message.Ref.Chat.Kind != protocol.Group {
			continue
		}
		g := protocol.GroupID(e.Message.Ref.Chat.ID)
		if seq, known := first[g]; !known || e.Message.Ref.Seq < seq {
			first[g] = e.Message.Ref.Seq
		}
	}
	return first
}

// emit hands events to the receiver, however slow, and is false if ctx ended first.
func (p *pump) emit(ctx context.Context, out []protocol.Event) bool {
	for n, e := range out {
		select {
		case p.events <- e:
			if r, ok := e.(protocol.Received); ok {
				p.counts.count(r.Message)
			}
		case <-ctx.Done():
			p.unsent = out[n:]
			return false
		}
	}
	return true
}
