package mirai

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	for range 100 {
		b := &backoff{low: time.Second, high: 5 * time.Minute}
		for _, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
			whole := time.Duration(seconds) * time.Second
			if got := b.next(); got < whole/2 || got > whole {
				t.Fatalf("pause %v, want %v to %v", got, whole/2, whole)
			}
		}
		b.reset()
		if got := b.next(); got > time.Second {
			t.Fatalf("pause %v after a login that lasted", got)
		}
	}
}

func TestWatchdog(t *testing.T) {
	timing := testTiming()
	begin := time.Unix(1_700_000_000, 0)
	at := begin.Add
	t.Run("packets keep it quiet", func(t *testing.T) {
		w := newWatchdog(timing, begin)
		for i := range uint64(100) {
			if a := w.look(at(time.Duration(i)*timing.Probe), i+1); a != rest {
				t.Fatalf("action %d", a)
			}
		}
	})
	t.Run("silence", func(t *testing.T) {
		w := newWatchdog(timing, begin)
		if a := w.look(at(timing.Probe-1), 0); a != rest {
			t.Errorf("action %d before the time", a)
		}
		if a := w.look(at(timing.Probe), 0); a != ask {
			t.Errorf("action %d, want a probe", a)
		}
		if a := w.look(at(timing.Probe+time.Second), 0); a != rest {
			t.Errorf("action %d, the probe is on its way", a)
		}
		if a := w.look(at(timing.Silence), 0); a != giveUp {
			t.Errorf("action %d after %v", a, timing.Silence)
		}
	})
	t.Run("two failed probes", func(t *testing.T) {
		w := newWatchdog(timing, begin)
		w.look(at(timing.Probe), 0)
		w.answer(false)
		if a := w.look(at(timing.Probe*5/4), 0); a != ask {
			t.Errorf("action %d, want a second probe", a)
		}
		w.answer(false)
		if a := w.look(at(timing.Probe*5/4+1), 0); a != giveUp {
			t.Errorf("action %d after two failed probes", a)
		}
	})
	t.Run("an answer is a packet", func(t *testing.T) {
		w := newWatchdog(timing, begin)
		w.look(at(timing.Probe), 0)
		w.answer(false)
		w.answer(true)
		if a := w.look(at(timing.Silence), 1); a != rest {
			t.Errorf("action %d", a)
		}
	})
	t.Run("our own silence", func(t *testing.T) {
		w := newWatchdog(timing, begin)
		w.excuse(at(timing.Silence))
		if a := w.look(at(timing.Silence+1), 0); a != rest {
			t.Errorf("action %d", a)
		}
	})
}
