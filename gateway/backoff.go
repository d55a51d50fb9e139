package gateway

import (
	"math/rand/v2"
	"time"
)

const (
	// fastTries attempts come quickly one after the other. At the default of 200 ms they cover some four seconds, the
	// time in which a framework restarts.
	fastTries = 20
	// slowFactor times the shortest pause is where the pauses after refusals start: 5 s by default. A refusal rarely
	// goes away by itself, but NoneBot's 403 does, within 40 s, when it was about an older link of ours.
	slowFactor = 25
	// stableAfter is how long a link must have lived to be trusted without having spoken, and trialPeriod if it has.
	// SealDice, for one, tells why it refuses in a frame before it closes.
	stableAfter = 30 * time.Second
	trialPeriod = time.Second
)

// backoff computes the pauses between dials of one connection. It is used by one goroutine.
type backoff struct {
	min, max           time.Duration
	failures, refusals int                                 // since the last reset
	random             func(n time.Duration) time.Duration // uniform in [0, n)
}

func newBackoff(r Reconnect) *backoff {
	return &backoff{min: r.Min, max: r.Max, random: rand.N[time.Duration]}
}

// next returns the pause after one more failed or lost connection: around min for the first fastTries, then random below a
// bound that doubles up to max. Refusals have a count of their own and skip the fast part. No pause is shorter than half
// of min, in which the far side notices that the old connection is closed.
func (b *backoff) next(refused bool) time.Duration {
	var bound time.Duration
	switch {
	case refused:
		b.refusals++
		bound = doubled(slowFactor*b.min, b.refusals-1, b.max)
	default:
		b.failures++
		bound = doubled(b.min, b.failures-fastTries, b.max)
	}
	return min(b.min/2+b.random(bound), b.max)
}

// ended tells how a link has fared. One which lasted makes the next pauses short again.
func (b *backoff) ended(lived time.Duration, spoke bool) {
	if lived >= stableAfter || spoke && lived >= trialPeriod {
		b.failures, b.refusals = 0, 0
	}
}

// doubled returns d doubled the given number of times, if positive, and at most limit.
func doubled(d time.Duration, times int, limit time.Duration) time.Duration {
	for range times {
		if d >= limit {
			break
		}
		d *= 2
	}
	return min(d, limit)
}
