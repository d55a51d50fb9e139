package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// RateLimit spaces out an endpoint's actions. The zero value does not limit.
type RateLimit struct {
	// PerSecond is how many actions a second pass in the long run, 0.001 to 1,000,000; 0 does not limit.
	PerSecond float64 `mapstructure:"per_second"`
	// Burst is how many may pass at once after a pause.
	Burst int `mapstructure:"burst"`
	// Always makes every message that is sent wait. Otherwise only actions with the suffix _rate_limited do (OneBot 11,
	// api/README.md), which may be any.
	Always bool `mapstructure:"always"`
}

// Validate returns nil, or an error that names the first wrong key, relative to the limit.
func (r RateLimit) Validate() error {
	const least, most = 0.001, 1_000_000
	switch {
	case r.PerSecond == 0 && r.Always:
		return errors.New("always: needs per_second")
	case r.PerSecond == 0:
		return nil
	case !(r.PerSecond >= least && r.PerSecond <= most): // catches NaN
		return fmt.Errorf("per_second: %v is not 0 or between %v and %d", r.PerSecond, least, most)
	case r.Burst < 1 || r.Burst > most:
		return fmt.Errorf("burst: %d is not between 1 and %d", r.Burst, most)
	}
	return nil
}

// limiter lets the limited actions of one endpoint pass at a rate, in the order in which they queued. Only the first in
// line takes from the allowance, so that one who leaves early costs the others nothing.
type limiter struct {
	interval time.Duration // between two that pass
	advance  time.Duration // how far ahead of the rate a burst may run

	mu    sync.Mutex
	paid  time.Time // until when the rate is used up
	queue []*permit // the first waits for the rate, the others for their place
}

// newLimiter returns nil if r does not limit.
func newLimiter(r RateLimit) *limiter {
	if !(r.PerSecond > 0) {
		return nil
	}
	interval := time.Duration(float64(time.Second) / r.PerSecond)
	return &limiter{interval: interval, advance: time.Duration(max(r.Burst, 1)-1) * interval}
}

// permit is a place in a limiter's line. leave must be called in the end, whether it passed or not.
type permit struct {
	limiter *limiter
	first   chan struct{} // closed when nobody is before it
	called  bool          // first is closed; under limiter.mu
}

// join passes at once, with a nil permit, if nothing is in the way, or else takes a place in line. It never waits. A
// [*busyError] says that the place would not come up before the deadline.
func (l *limiter) join(deadline time.Time) (*permit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.delay()
	if len(l.queue) == 0 && wait <= 0 {
		l.spend()
		return nil, nil
	}
	ahead := len(l.queue)
	if time.Now().Add(max(wait, 0) + time.Duration(ahead)*l.interval).After(deadline) {
		return nil, &busyError{reason: fmt.Sprintf("%d actions of this endpoint wait for its rate limit already", ahead)}
	}
	p := &permit{limiter: l, first: make(chan struct{})}
	l.queue = append(l.queue, p)
	l.advanceLine()
	return p, nil
}

// delay is how long the first in line has to wait.
func (l *limiter) delay() time.Duration { return time.Until(l.paid.Add(-l.advance)) }

func (l *limiter) spend() {
	if now := time.Now(); l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(l.interval)
}

// advanceLine tells the first in line.
func (l *limiter) advanceLine() {
	if len(l.queue) > 0 && !l.queue[0].called {
		l.queue[0].called = true
		close(l.queue[0].first)
	}
}

// wait returns nil when the action may pass, or the context's error; then nothing of the allowance is used up.
func (p *permit) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.first:
	}
	for ctx.Err() == nil {
		delay := p.pass()
		if delay <= 0 {
			return nil
		}
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return ctx.Err()
}

// pass uses the allowance, or returns how long to wait for it.
func (p *permit) pass() time.Duration {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	delay := l.delay()
	if delay <= 0 {
		l.spend()
	}
	return delay
}

// leave gives the place to the next, from anywhere in the line.
func (p *permit) leave() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = slices.DeleteFunc(l.queue, func(other *permit) bool { return other == p })
	l.advanceLine()
}
