package gateway

import (
	"context"
	"errors"
	"time"
)

// probation is how long a link must hold to count as settled when no pings are sent that could prove it.
const probation = time.Second

// ping asks the far side for a sign of life, at once and then every ping_interval. It returns errPongTimeout when there
// was none for pong_timeout; a pong that is late because the far side is busy is forgiven as long as bytes flow.
func (l *link) ping(ctx context.Context) error {
	select {
	case <-l.greeted:
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.conf.PingInterval <= 0 {
		if sleep(ctx, probation) {
			l.settle()
		}
		<-ctx.Done()
		return ctx.Err()
	}
	for {
		if err := l.pingOnce(ctx); err != nil {
			return err
		}
		if !sleep(ctx, l.conf.PingInterval) {
			return ctx.Err()
		}
	}
}

func (l *link) pingOnce(ctx context.Context) error {
	if l.writingFor(time.Now()) > blocked {
		// A ping would wait behind it, and the library closes the connection if a ping is not out within 5 s.
		return nil
	}
	patience, cancel := context.WithTimeout(ctx, l.conf.PongTimeout)
	defer cancel()
	err := l.ws.Ping(patience)
	switch {
	case err == nil:
		l.settle()
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case patience.Err() != nil && l.sock.silentFor() >= l.conf.PongTimeout:
		return errPongTimeout
	case errors.Is(err, context.DeadlineExceeded):
		return nil
	default:
		return err
	}
}

// watch returns errWriteTimeout when a write has made no progress for write_timeout. It looks now and then, so that
// sending an event needs no timer.
func (l *link) watch(ctx context.Context) error {
	look := time.NewTicker(min(time.Second, l.conf.WriteTimeout/4))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-look.C:
			if l.writingFor(now) > l.conf.WriteTimeout {
				return errWriteTimeout
			}
		}
	}
}

// writingFor returns how long the write under way has made no progress, 0 if there is none.
func (l *link) writingFor(now time.Time) time.Duration {
	began := l.writing.Load()
	if began == 0 {
		return 0
	}
	return time.Duration(now.UnixNano() - began)
}
