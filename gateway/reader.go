package gateway

import (
	"context"
	"time"
)

// read takes frames off the connection, which is also what makes pings be answered and pongs and close frames be noticed.
// It returns the error that ended the connection.
func (l *link) read(ctx context.Context) error {
	for {
		_, frame, err := l.ws.Read(ctx)
		if err != nil {
			return err
		}
		l.settle()
		switch {
		case l.draining.Load(): // the connection is about to close
		case l.addr.role.takesActions():
			l.dispatch(ctx, frame)
		default:
			l.log.Debug().Msg("frame on an event connection ignored")
		}
	}
}

// dispatch has a frame accepted, in order, and executed, on a goroutine of its own.
func (l *link) dispatch(ctx context.Context, frame []byte) {
	arrived := time.Now()
	// The slot comes first: a frame that was accepted holds a place in line until its call has run.
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		l.answersDropped.Add(1)
		return
	}
	call := l.accept(frame)
	if call == nil {
		<-l.slots
		return
	}
	l.actions.running.Add(1)
	l.calls.Go(func() {
		l.answer(ctx, call, arrived)
		l.actions.running.Add(-1)
		<-l.slots
		if l.draining.Load() {
			l.poke()
		}
	})
}

// answer runs the call of a frame that arrived earlier and gives its answer to the writer, unless the link is gone.
func (l *link) answer(ctx context.Context, call Call, arrived time.Time) {
	frame := l.call(ctx, call)
	if ctx.Err() != nil {
		l.answersDropped.Add(1)
		return
	}
	if frame == nil {
		return
	}
	l.actions.answered(time.Since(arrived))
	select {
	case l.answers <- frame:
	case <-ctx.Done():
		l.answersDropped.Add(1)
	}
}
