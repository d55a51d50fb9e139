package mirai_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// onlineDriver runs a driver until the test ends, and returns it once it is online.
func onlineDriver(t *testing.T, q *qq) protocol.Driver {
	t.Helper()
	d := q.Driver(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		for range d.Events() {
		}
		running.Wait()
	})
	waitFor[protocol.Online](t, d)
	return d
}

// waitFor reads events up to one of a kind.
func waitFor[E protocol.Event](t *testing.T, d protocol.Driver) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-d.Events():
			if !open {
				t.Fatal("Run has ended")
			}
			if _, ok := e.(E); ok {
				return
			}
		case <-limit:
			t.Fatalf("no %T: %+v", *new(E), d.Status())
		}
	}
}

// expire lets the session end with a message.
func (q *qq) expire(t *testing.T) {
	t.Helper()
	q.Expire(t)
	q.SayGroup(t, 20003, 30001, message.Message{message.Text{Text: "the last straw"}})
}

// TestSessionThatExpiresDuringARelogin: the token was taken, so it is no reason to give up.
func TestSessionThatExpiresDuringARelogin(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	d := onlineDriver(t, q)
	q.expire(t)
	waitFor[protocol.Offline](t, d)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(10 * time.Second); q.Sessions() == 0; {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("no second login")
		}
	}
	q.expire(t) // MiraiGo still waits whether another device takes the session
	waitFor[protocol.Online](t, d)
}

// TestOrderWhenTheConnectionDropsUnderLoad: what was read before the loss is decoded before it is told.
func TestOrderWhenTheConnectionDropsUnderLoad(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	d := onlineDriver(t, q)
	for range 2 {
		q.Burst(t, []protocol.GroupID{30001}, 10_000)
		var last uint32
		received := 0
		for online := false; !online; {
			switch e := (<-d.Events()).(type) {
			case nil:
				t.Fatal("Run has ended")
			case protocol.Online:
				online = true
			case protocol.Received:
				if seq := e.Message.Ref.Seq; seq <= last {
					t.Fatalf("seq %d after %d", seq, last)
				}
				last = e.Message.Ref.Seq
				if received++; received == 1000 {
					q.Drop()
				}
			}
		}
	}
}
