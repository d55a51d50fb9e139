package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOutboxDropsOldest(t *testing.T) {
	o := newOutbox(Queue{Bytes: 10, Events: 3})
	for i, overflow := range []bool{false, false, false, true, false} {
		if got := o.push(fmt.Appendf(nil, "%d", i)); got != overflow {
			t.Errorf("push %d reports overflow %v", i, got)
		}
	}
	if got := o.status(); got != (outboxStatus{events: 3, bytes: 3, dropped: 2}) {
		t.Errorf("status is %+v", got)
	}
	var lost []uint64
	for _, want := range []string{"2", "3", "4"} {
		if f, ok := o.take(); !ok || string(f) != want {
			t.Fatalf("took %q, want %q", f, want)
		}
		lost = append(lost, o.done())
	}
	if !slices.Equal(lost, []uint64{0, 0, 2}) {
		t.Errorf("done reports %v lost", lost)
	}
	if _, ok := o.take(); ok {
		t.Error("took from an empty outbox")
	}
	if o.push([]byte("eleven bytes")) != true || o.status() != (outboxStatus{sent: 3, dropped: 3}) {
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
	var got []string
	for f, ok := o.take(); ok; f, ok = o.take() {
		got = append(got, string(f))
		o.done()
	}
	if !slices.Equal(got, []string{"a", "d"}) {
		t.Errorf("took %q", got)
	}
}

// TestOutboxAgainstModel compares it with the simplest queue there is.
func TestOutboxAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	o := newOutbox(Queue{Bytes: 1 << 30, Events: 1 << 30})
	var model []string
	for i := range 200_000 {
		filling := i/20_000%2 == 0
		if rnd.IntN(10) < 3 == filling {
			f, ok := o.take()
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
