package mirai

import (
	"errors"
	"net"
	"sync/atomic"
)

// signals carry what ends a session from MiraiGo's goroutines to the driver's. They only note: what calls them runs
// under MiraiGo's locks.
type signals struct {
	broke        chan string // the connection broke; MiraiGo is making a new one by itself
	disconnected chan string // MiraiGo gave up, or QQ ended the session; the words say which
	kicked       atomic.Bool // QQ ended the session
	stopped      atomic.Bool // Run is ending
	exchanged    atomic.Bool // QQ answered this login's exchange of the token
}

func newSignals() *signals {
	return &signals{broke: make(chan string, 1), disconnected: make(chan string, 4)}
}

// mayReconnect is asked when a connection ended, and tells whether MiraiGo may make a new one. It must not where the
// connection was closed on this side, which MiraiGo confuses with a loss when its read loop notices first, nor when Run
// is ending, nor where QQ has just said that the session is over: a new one would throw the other device out, which would
// throw us out.
func (s *signals) mayReconnect(err error) bool {
	return !errors.Is(err, net.ErrClosed) && !s.kicked.Load() && !s.stopped.Load()
}

func (s *signals) reconnecting(why string) {
	select {
	case s.broke <- why:
	default:
	}
}

func (s *signals) gaveUp(why string) {
	select {
	case s.disconnected <- why:
	default:
	}
}

// clear forgets what belongs to the session before.
func (s *signals) clear() {
	s.kicked.Store(false)
	s.exchanged.Store(false)
	for {
		select {
		case <-s.broke:
		case <-s.disconnected:
		default:
			return
		}
	}
}
