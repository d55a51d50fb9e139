package mirai_test

import (
	"context"
	"errors"
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

// TestQuestionsThatMeetAnExpiredSession: nothing was to be changed, so being offline is all there is to tell. Whether a
// recall was done nobody knows.
func TestQuestionsThatMeetAnExpiredSession(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	d := onlineDriver(t, q)
	said := q.SayGroup(t, bot, 30001, message.Message{message.Text{Text: "to be taken back"}})
	questions := map[string]func() error{
		"friends": func() error { _, err := d.Friends(t.Context(), true); return err },
		"groups":  func() error { _, err := d.Groups(t.Context(), true); return err },
		"group":   func() error { _, err := d.Group(t.Context(), 30001, true); return err },
		"members": func() error { _, err := d.Members(t.Context(), 30001, true); return err },
		"member":  func() error { _, err := d.Member(t.Context(), 30001, 20003, true); return err },
		"user":    func() error { _, err := d.User(t.Context(), 20003); return err },
		"history": func() error { _, err := d.(protocol.Historian).GroupHistory(t.Context(), 30001, 1, 5); return err },
	}
	q.Expire(t)
	var asking sync.WaitGroup
	for name, ask := range questions {
		asking.Go(func() {
			if err := ask(); !errors.Is(err, protocol.ErrOffline) || errors.Is(err, protocol.ErrTimeout) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	asking.Wait()
	waitFor[protocol.Online](t, d)
	q.Expire(t)
	if err := d.Recall(t.Context(), said); !errors.Is(err, protocol.ErrTimeout) || errors.Is(err, protocol.ErrOffline) {
		t.Errorf("recall: %v", err)
	}
}
