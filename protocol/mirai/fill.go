package mirai

import (
	"context"
	"time"

	"echogate/protocol"
)

const (
	// maxFill is how many missing messages of a group are asked for at most. A larger gap is rather QQ's own than a loss.
	maxFill = 10 * maxHistory
	// fillQueue is how many groups may wait for their missing messages; others go on without.
	fillQueue = 16
	// fillWait is how long a group waits for the history before it goes on without.
	fillWait = 5 * time.Second
	// fillPause lies between two requests, so that a loss does not become a flood of requests.
	fillPause = 50 * time.Millisecond
)

// span is a run of seqs of a group, both ends included. The zero value is none.
type span struct {
	group    protocol.GroupID
	from, to uint32
}

// filler asks the group's history for messages that were announced but did not come: MiraiGo drops a message whose sender
// it cannot find out, which happens most in a flood during the login, when it knows no group yet.
type filler struct {
	wanted  chan span
	history func(context.Context, protocol.GroupID, uint32, uint32) ([]protocol.Message, error)
	report  func(span, []protocol.Message)
}

func newFiller(d *Driver) *filler {
	return &filler{
		wanted:  make(chan span, fillQueue),
		history: d.GroupHistory,
		report: func(s span, found []protocol.Message) {
			d.log.Debug().Int64("group", int64(s.group)).Uint32("from", s.from).Uint32("to", s.to).Int("found", len(found)).
				Msg("asked the history for messages that did not come")
			for _, m := range found {
				if m.Self {
					d.echoes.came(m)
				}
			}
			d.inbox.put(item{kind: filled, span: s, found: found})
		},
	}
}

// ask notes that messages are missing, and is false if too many are already.
func (f *filler) ask(s span) bool {
	select {
	case f.wanted <- s:
		return true
	default:
		return false
	}
}

// run asks until ctx ends. Each span that was noted is reported, with what could be found.
func (f *filler) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-f.wanted:
			f.report(s, f.find(ctx, s))
		}
	}
}

// find reads the history of a span, as far as it can be had before the group goes on.
func (f *filler) find(ctx context.Context, s span) []protocol.Message {
	ctx, cancel := context.WithTimeout(ctx, fillWait)
	defer cancel()
	var found []protocol.Message
	for from := s.from; ; from += maxHistory {
		some, err := f.history(ctx, s.group, from, min(s.to, from+maxHistory-1))
		if err != nil {
			return found
		}
		found = append(found, some...)
		if s.to-from < maxHistory {
			return found
		}
		select {
		case <-ctx.Done():
			return found
		case <-time.After(fillPause):
		}
	}
}

// missing is what the group waits for, from the first missing seq to the last, if the history may be asked for it.
func (q *sequence) missing() (span, bool) {
	if !q.dense || !q.known || q.asked != (span{}) || len(q.held) == 0 || q.held[0].ref.Seq <= q.next {
		return span{}, false
	}
	to := q.held[0].ref.Seq - 1
	if to-q.next >= maxFill {
		return span{}, false
	}
	for i, s := range q.held[1:] {
		if s.ref.Seq > q.held[i].ref.Seq+1 {
			to = s.ref.Seq - 1
		}
	}
	return span{from: q.next, to: min(to, q.next+maxFill-1)}, true
}

// await makes the group wait for the history's answer.
func (q *sequence) await(s span, until time.Time) { q.asked, q.answer = s, until }

// fill takes in the history's answer. What is still missing then does not exist, or not any more.
func (q *sequence) fill(now time.Time, s span, found []protocol.Message, out []protocol.Event) []protocol.Event {
	if q.asked != s {
		return out // another session's
	}
	arrived := q.arrived // the history is no sign that others are on their way
	q.asked, q.answer = span{}, time.Time{}
	for _, m := range found {
		if m.Ref.Seq >= q.next {
			q.say(now, protocol.Received{Message: m})
		}
	}
	q.arrived = arrived
	for len(q.held) > 0 && q.held[0].ref.Seq <= s.to {
		out = q.pass(out)
	}
	q.next = max(q.next, s.to+1)
	q.stalled = now
	return q.pop(now, out)
}
