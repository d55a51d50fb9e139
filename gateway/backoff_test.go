package gateway

import (
	"testing"
	"time"
)

// highest is the luckless draw: always the end of the range.
func highest(n time.Duration) time.Duration { return n - 1 }

func TestBackoffGrowsAfterFastTries(t *testing.T) {
	b := newBackoff(DefaultConfig().Reconnect)
	var sum time.Duration
	for i := range fastTries {
		p := b.next(false)
		if p < 100*time.Millisecond || p > 300*time.Millisecond {
			t.Fatalf("pause %d is %v, want 100ms to 300ms", i, p)
		}
		sum += p
	}
	if sum < 2*time.Second {
		t.Errorf("fast tries cover %v, want the restart of a framework", sum)
	}
	b.random = highest
	last := time.Duration(0)
	for range 8 {
		p := b.next(false)
		if p < last+last/2 {
			t.Errorf("pause grew from %v to %v", last, p)
		}
		last = p
	}
	for range 100 {
		if p := b.next(false); p != time.Minute {
			t.Fatalf("pause is %v, want the cap", p)
		}
	}
	b.random = func(time.Duration) time.Duration { return 0 }
	if p := b.next(false); p != 100*time.Millisecond {
		t.Errorf("shortest pause is %v", p)
	}
}

func TestBackoffAfterRefusals(t *testing.T) {
	b := newBackoff(DefaultConfig().Reconnect)
	b.random = highest
	for i, want := range []float64{5, 10, 20, 40, 60, 60} {
		if p := b.next(true).Round(time.Second); p.Seconds() != want {
			t.Errorf("pause %d is %v, want %v s", i, p, want)
		}
	}
	// The framework is restarted to mend its configuration: be quick.
	if p := b.next(false); p > 300*time.Millisecond {
		t.Errorf("pause after a lost connection is %v", p)
	}
}

func TestBackoffResets(t *testing.T) {
	for _, c := range []struct {
		lived time.Duration
		spoke bool
		reset bool
	}{
		{0, false, false},
		{29 * time.Second, false, false},
		{30 * time.Second, false, true},
		{10 * time.Millisecond, true, false}, // says why it refuses, and closes
		{time.Second, true, true},
	} {
		b := newBackoff(DefaultConfig().Reconnect)
		b.next(true)
		b.next(false)
		b.ended(c.lived, c.spoke)
		if reset := b.failures == 0 && b.refusals == 0; reset != c.reset {
			t.Errorf("link of %v, spoke %v: reset is %v", c.lived, c.spoke, reset)
		}
	}
}
