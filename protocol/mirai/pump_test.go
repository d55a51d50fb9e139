package mirai

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
)

// plant is a pump without a driver around it.
type plant struct {
	*pump
	events chan protocol.Event
	gate   *gate
	counts counters
}

func newPlant(buffer int) *plant {
	p := &plant{events: make(chan protocol.Event, buffer)}
	box := newInbox()
	p.gate = newGate(box)
	p.gate.open(make(chan struct{}))
	p.pump = &pump{
		inbox: box, events: p.events, order: newSequencer(testTiming(), &p.counts, func(span) bool { return false }), counts: &p.counts, settled: p.gate.settled,
	}
	return p
}

func onlineItem(newest uint32) item {
	return item{kind: session, event: protocol.Online{}, bases: map[protocol.GroupID]uint32{testGroup: newest}}
}

func TestPump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(100)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		began := time.Now()
		for _, i := range []item{
			saidItem(groupRef(8)), saidItem(groupRef(7)), recalledItem(groupRef(8)), // said before the lists were loaded
			onlineItem(8),
			saidItem(groupRef(9)), saidItem(groupRef(11)),
		} {
			p.inbox.put(i)
		}
		synctest.Wait()
		var got []protocol.Event
		for len(p.events) > 0 {
			got = append(got, <-p.events)
		}
		if _, ok := got[0].(protocol.Online); !ok || !slices.Equal(names(got), []int{7, 8, -8, 9}) {
			t.Errorf("passed on %+v", got)
		}
		if e := <-p.events; names([]protocol.Event{e})[0] != 11 || time.Since(began) != testTiming().Gap {
			t.Errorf("%+v after %v", e, time.Since(began))
		}
		p.inbox.put(saidItem(groupRef(13)))
		p.inbox.put(item{kind: session, event: protocol.Offline{Reason: "x"}})
		synctest.Wait()
		if e := <-p.events; names([]protocol.Event{e})[0] != 13 {
			t.Errorf("%+v before Offline", e)
		}
		if _, ok := (<-p.events).(protocol.Offline); !ok {
			t.Error("no Offline")
		}
		if n := p.counts.received.Load(); n != 5 {
			t.Errorf("%d messages counted", n)
		}
		cancel()
		running.Wait()
	})
}

func TestGapWaitsForWhatIsBeingDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(100)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		p.inbox.put(onlineItem(0))
		p.gate.arrived(true)
		p.gate.arrived(true)
		p.inbox.put(saidItem(groupRef(2)))
		p.gate.handled()
		<-p.events
		<-time.After(testTiming().Gap + 2*recheck)
		synctest.Wait()
		if len(p.events) != 0 {
			t.Error("the gap was given up while its message was being decoded")
		}
		began := time.Now()
		p.inbox.put(saidItem(groupRef(1)))
		p.gate.handled()
		if got := names([]protocol.Event{<-p.events, <-p.events}); !slices.Equal(got, []int{1, 2}) || time.Since(began) != 0 {
			t.Errorf("passed on %v after %v", got, time.Since(began))
		}
		cancel()
		running.Wait()
	})
}

func TestSlowReceiverLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(0)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		p.inbox.put(onlineItem(0))
		const n = 50
		for seq := range uint32(n) {
			p.inbox.put(saidItem(groupRef(seq + 1)))
		}
		<-p.events
		var got []protocol.Event
		for range n / 2 {
			<-time.After(time.Minute)
			got = append(got, <-p.events)
		}
		cancel()
		running.Wait()
		p.inbox.put(saidItem(groupRef(n + 2))) // never complete
		var finishing sync.WaitGroup
		finishing.Go(func() { p.finish(t.Context()); close(p.events) })
		for e := range p.events {
			got = append(got, e)
		}
		finishing.Wait()
		want := make([]int, 0, n+1)
		for seq := range n {
			want = append(want, seq+1)
		}
		if want = append(want, n+2); !slices.Equal(names(got), want) {
			t.Errorf("passed on %v", names(got))
		}
	})
}

// TestLateMessageOfTheSessionBefore: it is no reason to believe that the server forgot, nor to wait for its successors.
func TestLateMessageOfTheSessionBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(100)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		for _, i := range []item{
			onlineItem(0), saidItem(groupRef(1)), saidItem(groupRef(2)),
			{kind: session, event: protocol.Offline{}},
			saidItem(groupRef(2)), saidItem(groupRef(9)), onlineItem(8), saidItem(groupRef(10)),
		} {
			p.inbox.put(i)
		}
		synctest.Wait()
		var got []protocol.Event
		for len(p.events) > 0 {
			got = append(got, <-p.events)
		}
		if !slices.Equal(names(got), []int{1, 2, 9, 10}) {
			t.Errorf("passed on %v", names(got))
		}
		cancel()
		running.Wait()
	})
}

// TestFloodDuringLogin: what waits for the end of a login is counted by the gate, and never stops the login itself.
func TestFloodDuringLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(2 * maxEarly)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		for seq := range uint32(maxEarly) {
			p.inbox.put(saidItem(groupRef(seq + 1)))
		}
		synctest.Wait()
		if len(p.events) != 0 || p.inbox.size() != maxEarly {
			t.Fatalf("%d events before Online, %d items wait", len(p.events), p.inbox.size())
		}
		p.inbox.put(saidItem(groupRef(maxEarly + 1)))
		synctest.Wait()
		if n := p.inbox.size(); n != 0 {
			t.Errorf("%d items wait", n)
		}
		p.inbox.put(onlineItem(maxEarly + 1))
		p.inbox.put(saidItem(groupRef(maxEarly + 2)))
		synctest.Wait()
		if n := len(p.events); n != maxEarly+3 {
			t.Errorf("%d events", n)
		}
		cancel()
		running.Wait()
	})
}

// TestFirstOfALoginIsOvertakenByMany: a login lets more fly than usual, so more overtake the first.
func TestFirstOfALoginIsOvertakenByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(2 * maxBlind)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { p.run(ctx) })
		want := []int{1}
		for seq := uint32(2); seq <= maxBlind; seq++ {
			p.inbox.put(saidItem(groupRef(seq)))
			want = append(want, int(seq))
		}
		p.inbox.put(saidItem(groupRef(1)))
		p.inbox.put(onlineItem(maxBlind))
		synctest.Wait()
		var got []protocol.Event
		for len(p.events) > 0 {
			got = append(got, <-p.events)
		}
		if !slices.Equal(names(got), want) {
			t.Errorf("passed on %v", names(got)[:min(len(got), 20)])
		}
		cancel()
		running.Wait()
	})
}
