package mirai

import (
	"math/rand/v2"
	"time"
)

// backoff is the pause before the next login. It doubles with each failure and is spread by half, so that many
// programs that lost the same server do not come back at once.
type backoff struct {
	low, high time.Duration
	current   time.Duration
}

// next is the pause after one more failure: between half and the whole of the doubled one.
func (b *backoff) next() time.Duration {
	b.current = min(b.high, max(b.low, b.current*2))
	half := b.current / 2
	return half + rand.N(half+1)
}

// reset is called after a login that lasted.
func (b *backoff) reset() { b.current = 0 }
