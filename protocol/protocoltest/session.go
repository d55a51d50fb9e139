package protocoltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"echogate/protocol"
)

// patience is how long the suite waits for what must happen. It is generous: a slow machine is not a failure.
const patience = 60 * time.Second

// session is one run of a driver with everything it reported.
type session struct {
	protocol.Driver
	h      Harness
	cancel context.CancelFunc
	result chan error

	mu     sync.Mutex
	events []protocol.Event
	more   chan struct{} // closed at the next event
	closed bool
}

// start runs a driver and waits until it is online.
func start(t *testing.T, h Harness, alert bool) *session {
	t.Helper()
	s := launch(t, h, alert)
	s.await(t, 0, "Online", func(e protocol.Event) bool { _, ok := e.(protocol.Online); return ok })
	return s
}

func launch(t *testing.T, h Harness, alert bool) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &session{Driver: h.Driver(t, alert), h: h, cancel: cancel, result: make(chan error, 1), more: make(chan struct{})}
	var running sync.WaitGroup
	running.Go(func() { s.result <- s.Run(ctx) })
	running.Go(s.collect)
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return s
}

func (s *session) collect() {
	for e := range s.Events() {
		s.mu.Lock()
		s.events = append(s.events, e)
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	close(s.more)
}

// mark is the number of events so far: what await is to look at from then on.
func (s *session) mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// since returns the events from a mark on.
func (s *session) since(mark int) []protocol.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[mark:])
}

// await waits for an event from a mark on and returns it with its place.
func (s *session) await(t *testing.T, mark int, what string, match func(protocol.Event) bool) (protocol.Event, int) {
	t.Helper()
	limit := time.After(patience)
	for i := mark; ; {
		s.mu.Lock()
		seen, more, closed := s.events[i:], s.more, s.closed
		s.mu.Unlock()
		for j, e := range seen {
			if match(e) {
				return e, i + j
			}
		}
		i += len(seen)
		if closed {
			t.Fatalf("events ended before %s; %s", what, s.tail())
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("no %s; %s", what, s.tail())
		}
	}
}

// tail shows the last events for a failure's message.
func (s *session) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d events, the last are %+v; status %+v", len(s.events), s.events[max(0, len(s.events)-5):], s.Status())
}

// received waits for the message that the far side names ref.
func (s *session) received(t *testing.T, mark int, ref protocol.Ref) protocol.Message {
	t.Helper()
	e, _ := s.await(t, mark, fmt.Sprintf("message %+v", ref), func(e protocol.Event) bool {
		r, ok := e.(protocol.Received)
		return ok && same(r.Message.Ref, ref)
	})
	return e.(protocol.Received).Message
}

// same compares what identifies a message.
func same(a, b protocol.Ref) bool {
	return a.Chat == b.Chat && a.Sender == b.Sender && a.Seq == b.Seq && a.Random == b.Random
}

// fence makes sure that everything said so far has been reported: what is said after it in the same chat comes after.
func (s *session) fence(t *testing.T, chat protocol.Chat) int {
	t.Helper()
	scene := s.h.Scene()
	var ref protocol.Ref
	if chat.Kind == protocol.Group {
		ref = s.h.SayGroup(t, s.speaker(chat), protocol.GroupID(chat.ID), text("fence"))
	} else {
		ref = s.h.SayPrivate(t, scene.Friend, text("fence"))
	}
	_, at := s.await(t, 0, "fence", func(e protocol.Event) bool {
		r, ok := e.(protocol.Received)
		return ok && same(r.Message.Ref, ref)
	})
	return at
}

// speaker is somebody else who may speak in the group.
func (s *session) speaker(chat protocol.Chat) protocol.UserID {
	scene := s.h.Scene()
	for _, g := range scene.Groups {
		if int64(g.GroupID) == chat.ID {
			return g.Owner
		}
	}
	return scene.Friend
}

// stop ends the driver, which must be clean.
func (s *session) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	select {
	case err := <-s.result:
		if err != nil {
			t.Errorf("Run = %v after its context ended", err)
		}
	case <-time.After(patience):
		t.Fatal("Run does not return")
	}
	s.awaitEnd(t)
}

// awaitEnd waits until the events are closed.
func (s *session) awaitEnd(t *testing.T) {
	t.Helper()
	limit := time.After(patience)
	for {
		s.mu.Lock()
		more, closed := s.more, s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		select {
		case <-more:
		case <-limit:
			t.Fatal("events stay open after Run")
		}
	}
}

// eventually waits for a state of the far side that is not announced.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never came: %s", what)
		}
	}
}
