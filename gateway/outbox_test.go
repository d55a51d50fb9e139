package gateway

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestOutboxDropsOldest(t *testing.T) {
	o := newOutbox(Queue{Bytes: 10, Events: 3})
	for i, overflow := range []bool{false, false, false, true, false} {
		if got := o.push(fmt.Appendf(nil, "%d", i)); got != (news{overflow: overflow}) {
			t.Errorf("push %d reports %+v", i, got)
		}
	}
	if got := o.status(); got != (outboxStatus{events: 3, bytes: 3, dropped: 2}) {
		t.Errorf("status is %+v", got)
	}
	var lost []uint64
	for _, want := range []string{"2", "3", "4"} {
		if f, _ := o.take(); string(f) != want {
			t.Fatalf("took %q, want %q", f, want)
		}
		lost = append(lost, o.done().lost)
	}
	if !slices.Equal(lost, []uint64{0, 0, 2}) {
		t.Errorf("done reports %v lost", lost)
	}
	if f, _ := o.take(); f != nil {
		t.Error("took from an empty outbox")
	}
	if o.push([]byte("eleven bytes")) != (news{overflow: true}) || o.push([]byte("eleven bytes")) != (news{}) || o.status() != (outboxStatus{sent: 3, dropped: 4}) {
		t.Errorf("after an event larger than the outbox, status is %+v", o.status())
	}
	o.push([]byte("123456"))
	o.push([]byte("12345")) // 11 bytes: the first has to go
	if f, _ := o.take(); string(f) != "12345" {
		t.Errorf("took %q", f)
	}
}

func TestOutboxKeepsWhatIsBeingWritten(t *testing.T) {
	o := newOutbox(Queue{Bytes: 100, Events: 2})
	o.push([]byte("a"))
	o.take()
	for _, e := range []string{"b", "c", "d"} {
		o.push([]byte(e))
	}
	o.undo()
	if got := drain(o); !slices.Equal(got, []string{"a", "d"}) {
		t.Errorf("took %q", got)
	}
}

// drain takes everything there is.
func drain(o *outbox) (all []string) {
	for f, _ := o.take(); f != nil; f, _ = o.take() {
		all = append(all, string(f))
		o.done()
	}
	return all
}

func TestOutboxDropsNewest(t *testing.T) {
	o := newOutbox(Queue{Bytes: 10, Events: 3, Overflow: overflowNewest})
	o.push([]byte("a"))
	o.take() // being written, and counted
	for i, overflow := range []bool{false, false, true, false} {
		if got := o.push(fmt.Appendf(nil, "%d", i)); got != (news{overflow: overflow}) {
			t.Errorf("push %d reports %+v", i, got)
		}
	}
	o.undo()
	if got := drain(o); !slices.Equal(got, []string{"a", "0", "1"}) {
		t.Errorf("took %q", got)
	}
	o.push([]byte("123456"))
	o.push([]byte("12345")) // 11 bytes: it has to go itself
	if got := drain(o); !slices.Equal(got, []string{"123456"}) || o.status() != (outboxStatus{sent: 4, dropped: 3}) {
		t.Errorf("took %q, status is %+v", got, o.status())
	}
}

func TestOutboxDropsWhatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(Queue{Bytes: 100, Events: 100, Age: time.Minute})
		o.push([]byte("a"))
		o.push([]byte("b"))
		sleep(t.Context(), 40*time.Second)
		o.push([]byte("c"))
		o.take()
		sleep(t.Context(), 20*time.Second)
		if got := o.status(); got != (outboxStatus{events: 3, bytes: 3}) {
			t.Errorf("after a minute, status is %+v", got)
		}
		sleep(t.Context(), time.Nanosecond)
		if got := o.status(); got != (outboxStatus{events: 2, bytes: 2, dropped: 1, expired: 1}) {
			t.Errorf("after more than a minute, status is %+v", got)
		}
		o.undo() // a was being written, now it is too old as well
		if f, n := o.take(); string(f) != "c" || n != (news{expiry: true}) {
			t.Errorf("took %q, %+v", f, n)
		}
		if n := o.done(); n != (news{lost: 2}) {
			t.Errorf("done reports %+v", n)
		}
		o.push([]byte("d"))
		sleep(t.Context(), time.Hour)
		if f, n := o.take(); f != nil || n != (news{expiry: true, lost: 1}) {
			t.Errorf("took %q, %+v", f, n)
		}
	})
}

func TestOutboxGetsOtherLimits(t *testing.T) {
	for overflow, want := range map[string][]string{overflowOldest: {"a", "e", "f"}, overflowNewest: {"a", "b", "c"}} {
		o := newOutbox(Queue{Bytes: 100, Events: 100})
		for _, e := range []string{"a", "b", "c", "d", "e", "f"} {
			o.push([]byte(e))
		}
		o.take()
		if n := o.rebound(Queue{Bytes: 3, Events: 100, Overflow: overflow}); n != (news{overflow: true}) {
			t.Errorf("%s: %+v", overflow, n)
		}
		o.undo()
		if got := drain(o); !slices.Equal(got, want) || o.status() != (outboxStatus{sent: 3, dropped: 3}) {
			t.Errorf("%s: kept %q, status is %+v", overflow, got, o.status())
		}
	}
}

// TestOutboxStaysSmall pours a million events into the outbox of an endpoint that is away.
func TestOutboxStaysSmall(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	o := newOutbox(Queue{Bytes: 4 << 20, Events: 1 << 20, Overflow: overflowOldest})
	for range 1_000_000 {
		o.push(make([]byte, 1<<10))
	}
	if got := o.status(); got != (outboxStatus{events: 4096, bytes: 4 << 20, dropped: 1_000_000 - 4096}) {
		t.Errorf("status is %+v", got)
	}
	if after := heap(); after > before+6<<20 {
		t.Errorf("%d bytes of memory for 4 MiB of events", after-before)
	}
	runtime.KeepAlive(o)
}

// TestOutboxAgainstModel compares it with the simplest queue there is.
func TestOutboxAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	o := newOutbox(Queue{Bytes: 1 << 30, Events: 1 << 30})
	var model []string
	for i := range 200_000 {
		filling := i/20_000%2 == 0
		if rnd.IntN(10) < 3 == filling {
			f, _ := o.take()
			ok := f != nil
			if ok != (len(model) > 0) || ok && string(f) != model[0] {
				t.Fatalf("step %d: took %q, %v", i, f, ok)
			}
			if !ok {
				continue
			}
			if rnd.IntN(5) == 0 {
				o.undo()
				continue
			}
			o.done()
			model = model[1:]
			continue
		}
		e := fmt.Sprint(i)
		o.push([]byte(e))
		model = append(model, e)
	}
	bytes := 0
	for _, e := range model {
		bytes += len(e)
	}
	if s := o.status(); s.events != len(model) || s.bytes != int64(bytes) {
		t.Errorf("status is %+v, want %d events of %d bytes", s, len(model), bytes)
	}
}
