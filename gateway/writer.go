package gateway

import (
	"context"
	"slices"
	"time"

	"nhooyr.io/websocket"
)

// fragment is the largest piece of a frame that is written at once. Between two pieces a ping can be answered, which
// servers such as uvicorn expect within 20 s whatever else is under way; and each piece has write_timeout for itself.
const fragment = 256 << 10

// write sends the lifecycle event, then answers, heartbeats and, once the far side has spoken, events, taking turns so
// that a burst of one does not keep the others waiting. It returns nil when the link is drained or told to stop.
func (l *link) write(ctx context.Context) error {
	if l.addr.role.takesEvents() {
		if frame := l.options.Lifecycle(); frame != nil {
			if err := l.send(ctx, frame); err != nil {
				return err
			}
		}
	}
	close(l.greeted)
	beat, stop := l.heartbeats()
	defer stop()
	for {
		select {
		case <-l.stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case frame := <-l.answers:
			if err := l.sendAnswer(ctx, frame); err != nil {
				return err
			}
		case <-beat:
			if err := l.sendHeartbeat(ctx); err != nil {
				return err
			}
		default:
		}
		if sent, err := l.sendEvent(ctx); err != nil {
			return err
		} else if sent {
			continue
		}
		if l.draining.Load() && len(l.slots) == 0 {
			return nil
		}
		if done, err := l.wait(ctx, beat); done || err != nil {
			return err
		}
	}
}

// wait blocks until there is something to do, and does it if it is not an event.
func (l *link) wait(ctx context.Context, beat <-chan time.Time) (done bool, err error) {
	var events <-chan struct{}
	settled := l.settled
	if l.isSettled() {
		events, settled = l.outbox.ready, nil
	}
	if !l.addr.role.takesEvents() {
		events = nil
	}
	select {
	case <-l.stop:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	case frame := <-l.answers:
		return false, l.sendAnswer(ctx, frame)
	case <-beat:
		return false, l.sendHeartbeat(ctx)
	case <-events:
	case <-settled:
	case <-l.wake:
	}
	return false, nil
}

// heartbeats returns a ticker's channel, or nil if none are to be sent.
func (l *link) heartbeats() (<-chan time.Time, func()) {
	if l.conf.Heartbeat <= 0 || !l.addr.role.takesEvents() {
		return nil, func() {}
	}
	t := time.NewTicker(l.conf.Heartbeat)
	return t.C, t.Stop
}

// sendHeartbeat sends a fresh heartbeat if the far side has spoken.
func (l *link) sendHeartbeat(ctx context.Context) error {
	if !l.isSettled() {
		return nil
	}
	if frame := l.options.Heartbeat(l.conf.Heartbeat); frame != nil {
		return l.send(ctx, frame)
	}
	return nil
}

func (l *link) sendAnswer(ctx context.Context, frame []byte) error {
	err := l.send(ctx, frame)
	if err != nil {
		l.answersDropped.Add(1)
	}
	return err
}

// sendEvent sends the oldest event and reports whether there was one. If it cannot be written it stays the oldest.
func (l *link) sendEvent(ctx context.Context) (bool, error) {
	if !l.addr.role.takesEvents() || !l.isSettled() || l.handover.Load() {
		return false, nil
	}
	frame, n := l.outbox.take()
	l.report(n)
	if frame == nil {
		return false, nil
	}
	if err := l.send(ctx, frame); err != nil {
		l.outbox.undo()
		return false, err
	}
	l.report(l.outbox.done())
	return true, nil
}

// send writes one text frame. watch ends the connection if it makes no progress.
func (l *link) send(ctx context.Context, frame []byte) error {
	defer l.writing.Store(0)
	l.writing.Store(time.Now().UnixNano())
	if len(frame) <= fragment {
		return l.ws.Write(ctx, websocket.MessageText, frame)
	}
	w, err := l.ws.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(frame, fragment) {
		l.writing.Store(time.Now().UnixNano())
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return w.Close()
}
