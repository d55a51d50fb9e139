package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// connector supervises one connection of an endpoint: it dials, serves the link until it ends, pauses and dials again.
// One goroutine does all that, one after the other, so that there are never two. Before it begins it waits until older
// connectors of the same address are gone.
type connector struct {
	*endpoint
	addr     address
	identity string            // of the address
	older    []<-chan struct{} // closed when those before it are gone
	gone     chan struct{}     // closed when there is no connection and there will be none
	log      zerolog.Logger
	backoff  *backoff
	secrets  []string // of the last dial
	said     string   // kind of the last trouble; it is not logged again until another comes

	mu     sync.Mutex
	status LinkStatus
}

func newConnector(e *endpoint, a address) *connector {
	identity := a.url
	if to, err := resolve(a.url); err == nil {
		identity = to.identity()
	}
	return &connector{
		endpoint: e,
		addr:     a,
		identity: identity,
		gone:     make(chan struct{}),
		log:      e.log.With().Str("role", string(a.role)).Str("url", masked(a.url)).Logger(),
		backoff:  newBackoff(e.conf.Reconnect),
		status:   LinkStatus{Role: a.role, URL: masked(a.url)},
	}
}

// run keeps the connection up until ctx ends, then closes it and returns.
func (c *connector) run(ctx context.Context) {
	defer close(c.gone)
	for _, gone := range c.older {
		select {
		case <-gone:
		case <-ctx.Done():
			return
		}
	}
	for c.awaitAccount(ctx) {
		if !sleep(ctx, c.attempt(ctx)) {
			return
		}
	}
}

// isGone reports whether run has ended.
func (c *connector) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// inherit takes over what the status tells about the past from the connection of the same role, if old has one.
func (c *connector) inherit(old *endpoint) {
	for _, o := range old.connectors {
		if s := o.snapshot(); o.addr.role == c.addr.role {
			c.status.Dials, c.status.Reconnects, c.status.Since = s.Dials, s.Reconnects, s.Since
			if s.Connected {
				c.status.Since = time.Now()
			}
		}
	}
}

// awaitAccount waits until the account is known: no framework accepts a connection without it.
func (c *connector) awaitAccount(ctx context.Context) bool {
	for said := false; c.options.SelfID() == 0; said = true {
		if !said {
			c.log.Info().Msg("endpoint waits until an account is logged in")
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return false
		}
	}
	return true
}

// attempt dials and, if that succeeds, serves the link until it ends. It returns the pause before the next attempt.
func (c *connector) attempt(ctx context.Context) time.Duration {
	c.dialling()
	ws, sock, err := c.dial(ctx)
	up, settled := err == nil, false
	if up {
		start := time.Now()
		l := newLink(c, ws, sock)
		err = l.serve(ctx)
		settled = l.isSettled()
		c.backoff.ended(time.Since(start), settled)
	}
	if ctx.Err() != nil {
		c.closed()
		return 0
	}
	t := diagnose(err, up, settled)
	c.troubled(t)
	return c.backoff.next(t.refused)
}

// dialling notes an attempt to connect.
func (c *connector) dialling() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Dials++
}

// connected notes that the link works: the far side has spoken.
func (c *connector) connected() {
	c.mu.Lock()
	if !c.status.Since.IsZero() {
		c.status.Reconnects++
	}
	c.status.Connected, c.status.Since, c.status.LastError = true, time.Now(), ""
	n := c.status.Reconnects
	c.mu.Unlock()
	c.log.Info().Uint64("reconnects", n).Msg("endpoint connected")
}

// troubled notes why there is no link, and says so if that is news.
func (c *connector) troubled(t trouble) {
	t.text = redacted(t.text, c.secrets) // a server may repeat them in its reason
	c.mu.Lock()
	was := c.status.Connected
	if was {
		c.status.Connected, c.status.Since = false, time.Now()
	}
	c.status.LastError = t.text
	c.mu.Unlock()
	switch {
	case was:
		c.log.Warn().Str("reason", t.text).Msg("endpoint lost")
	case c.said != t.kind:
		c.log.Warn().Str("reason", t.text).Msg("endpoint not connected")
	}
	c.said = t.kind
}

// closed notes that the link was closed by us.
func (c *connector) closed() {
	c.mu.Lock()
	was := c.status.Connected
	if was {
		c.status.Connected, c.status.Since = false, time.Now()
	}
	c.mu.Unlock()
	if was {
		c.log.Info().Msg("endpoint closed")
	}
}

func (c *connector) snapshot() LinkStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// sleep waits for d and reports whether ctx was still alive then.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
