package mirai

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

// pump takes items from the inbox through the sequencer to the channel of events. It is one goroutine of Run.
type pump struct {
	inbox  *inbox
	events chan<- protocol.Event
	order  *sequencer
	counts *counters
	log    zerolog.Logger
	// settled tells whether everything that MiraiGo has read is in the inbox.
	settled func() bool
	// online tells whether the last session item was an Online. What is said during a login waits in the inbox for it.
	online bool
	// unsent is what was not handed out when run ended.
	unsent []protocol.Event
}

func newPump(d *Driver, ask func(span) bool) *pump {
	return &pump{inbox: d.inbox, events: d.events, order: newSequencer(d.timing, &d.counts, ask), counts: &d.counts, log: d.log, settled: d.gate.settled}
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
			out = p.take(time.Now(), p.inbox.take(p.online), out)
		case <-timer.C:
			// While events were handed out, what is missing may have come.
			settled, now := p.settled(), time.Now()
			out = p.take(now, p.inbox.take(p.online), out)
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
	for {
		items := p.inbox.take(true)
		if len(items) == 0 {
			break
		}
		out = p.take(now, items, out)
	}
	p.emit(ctx, p.order.flush(out))
}

// take orders items, of which only the last can be of kind session.
func (p *pump) take(now time.Time, items []item, out []protocol.Event) []protocol.Event {
	if len(items) == 0 {
		return out
	}
	last, events := items[len(items)-1], items
	if last.kind == session {
		events = items[:len(items)-1]
		if _, p.online = last.event.(protocol.Online); p.online {
			// It comes before what was said while the lists were being loaded.
			out = p.arrive(now, last, events, out)
		}
	}
	for _, i := range events {
		out = p.order.add(now, i, out)
	}
	if last.kind == session && !p.online {
		// What was said before the loss belongs before it.
		out = append(p.order.flush(out), last.event)
	}
	return out
}

// arrive passes on an Online, and tells the sequencer where the groups stand.
func (p *pump) arrive(now time.Time, online item, early []item, out []protocol.Event) []protocol.Event {
	out = append(out, online.event)
	first := p.order.earliest(early)
	p.order.missed = missed{}
	for g, newest := range online.bases {
		if seq, ok := first[g]; ok {
			newest = min(newest, seq-1)
		}
		out = p.order.rebase(now, g, newest, out)
	}
	if m := p.order.missed; m.messages > 0 {
		p.log.Warn().Uint64("messages", m.messages).Int("groups", m.groups).
			Msg("group messages were said while the account was away and are not reported; private ones cannot be counted")
	}
	return out
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
