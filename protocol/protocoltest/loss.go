package protocoltest

import (
	"errors"
	"strings"
	"testing"

	"echogate/protocol"
)

// loss: the driver notices each way to lose a session, says so, comes back, and goes on as before.
func loss(t *testing.T, h Harness) {
	scene := h.Scene()
	s := start(t, h, true)
	for _, way := range []struct {
		name   string
		lose   func(t *testing.T)
		mend   func()
		reason string // part of it
	}{
		{"dropped", func(*testing.T) { h.Drop() }, nil, ""},
		{"kicked", func(t *testing.T) { h.Kick(t, "another device") }, nil, "another device"},
		{"expired", func(t *testing.T) { h.Expire(t); h.SayGroup(t, scene.Friend, scene.Open, text("the last straw")) }, nil, "expired"},
		{"stalled", func(*testing.T) { h.Stall(true) }, func() { h.Stall(false) }, ""},
		{"dropped again", func(*testing.T) { h.Drop() }, nil, ""},
	} {
		t.Run(way.name, func(t *testing.T) {
			mark := s.mark()
			way.lose(t)
			e, at := s.await(t, mark, "Offline", func(e protocol.Event) bool { _, ok := e.(protocol.Offline); return ok })
			if reason := e.(protocol.Offline).Reason; reason == "" || !strings.Contains(reason, way.reason) {
				t.Errorf("offline because of %q, want %q", reason, way.reason)
			}
			if way.mend != nil {
				if _, err := s.Friends(t.Context(), true); !errors.Is(err, protocol.ErrOffline) {
					t.Errorf("Friends while offline = %v", err)
				}
				way.mend()
			}
			e, _ = s.await(t, at, "Online", func(e protocol.Event) bool { _, ok := e.(protocol.Online); return ok })
			if e.(protocol.Online).Self != scene.Self {
				t.Errorf("online as %+v", e)
			}
			if !s.Status().Online {
				t.Errorf("status %+v", s.Status())
			}
			works(t, s)
			eventually(t, "one session", func() bool { return h.Sessions() == 1 })
		})
	}
	s.stop(t)
	if c := h.Complaints(); len(c) > 0 {
		t.Errorf("the far side did not understand %q", c)
	}
}

// works checks both directions in both kinds of chats.
func works(t *testing.T, s *session) {
	t.Helper()
	scene := s.h.Scene()
	mark := s.mark()
	for _, to := range []protocol.Chat{protocol.GroupChat(scene.Open), protocol.PrivateChat(scene.Friend)} {
		sent, err := s.Send(t.Context(), to, text("still here"))
		if err != nil {
			t.Fatalf("send to %s: %v", to, err)
		}
		s.received(t, mark, sent.Ref)
	}
	s.received(t, mark, s.h.SayGroup(t, scene.Friend, scene.Open, text("good")))
	s.received(t, mark, s.h.SayPrivate(t, scene.Friend, text("good")))
}
