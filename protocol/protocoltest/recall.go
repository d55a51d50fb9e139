package protocoltest

import (
	"errors"
	"testing"

	"echogate/protocol"
)

// recalled waits for the event that ref was taken back, and for the message before it.
func (s *session) recalled(t *testing.T, mark int, ref protocol.Ref) protocol.Recalled {
	t.Helper()
	e, at := s.await(t, mark, "recall", func(e protocol.Event) bool {
		r, ok := e.(protocol.Recalled)
		return ok && r.Ref.Chat == ref.Chat && r.Ref.Seq == ref.Seq && r.Ref.Sender == ref.Sender
	})
	for _, before := range s.since(mark)[:at-mark] {
		if r, ok := before.(protocol.Received); ok && same(r.Message.Ref, ref) {
			return e.(protocol.Recalled)
		}
	}
	t.Errorf("the recall of %+v overtook the message", ref)
	return e.(protocol.Recalled)
}

func recall(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	open := protocol.GroupChat(scene.Open)
	t.Run("others'", func(t *testing.T) {
		for range 10 {
			mark := s.mark()
			group := s.h.SayGroup(t, scene.Friend, scene.Open, text("oops"))
			s.h.Recall(t, scene.Friend, group)
			private := s.h.SayPrivate(t, scene.Friend, text("oops"))
			s.h.Recall(t, scene.Friend, private)
			for _, ref := range []protocol.Ref{group, private} {
				if r := s.recalled(t, mark, ref); r.Operator != scene.Friend || r.Time == 0 {
					t.Errorf("recall %+v", r)
				}
			}
		}
	})
	t.Run("own", func(t *testing.T) {
		for _, to := range []protocol.Chat{open, protocol.PrivateChat(scene.Friend)} {
			mark := s.mark()
			sent, err := s.Send(ctx, to, text("oops"))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Recall(ctx, sent.Ref); err != nil {
				t.Fatalf("recall in %s: %v", to, err)
			}
			if _, there := find(s.h.Messages(to), sent.Ref); there {
				t.Errorf("the message in %s is still there", to)
			}
			if to == open {
				s.recalled(t, mark, sent.Ref)
			}
		}
	})
	t.Run("as an admin", func(t *testing.T) {
		mark := s.mark()
		ref := s.h.SayGroup(t, scene.Plain, scene.Led, text("out"))
		s.received(t, mark, ref)
		lookup := ref
		lookup.Random = 0
		if err := s.Recall(ctx, lookup); err != nil {
			t.Fatal(err)
		}
		if r := s.recalled(t, mark, ref); r.Operator != scene.Self.UserID {
			t.Errorf("recall %+v", r)
		}
	})
	t.Run("refused", func(t *testing.T) {
		mark := s.mark()
		ref := s.h.SayGroup(t, scene.Superior, scene.Open, text("mine"))
		s.received(t, mark, ref)
		err := s.Recall(ctx, ref)
		if e, ok := errors.AsType[*protocol.RefusedError](err); !ok || e.Code == 0 {
			t.Errorf("recall of the owner's message = %v", err)
		}
		strange := protocol.Ref{Chat: protocol.PrivateChat(scene.Friend), Sender: scene.Self.UserID, Seq: 99, Random: 99, Time: ref.Time}
		if err := s.Recall(ctx, strange); err == nil {
			t.Error("a message that never was could be recalled")
		}
	})
}

func history(t *testing.T, s *session) {
	historian, ok := s.Driver.(protocol.Historian)
	if !ok {
		t.Log("the driver has no history")
		return
	}
	scene, ctx := s.h.Scene(), t.Context()
	chat := protocol.GroupChat(scene.Led)
	s.h.Burst(t, []protocol.GroupID{scene.Led}, 25)
	gone := s.h.SayGroup(t, scene.Plain, scene.Led, text("gone"))
	s.h.Recall(t, scene.Plain, gone)
	last := s.h.SayGroup(t, scene.Plain, scene.Led, text("last"))
	newest, err := historian.LastSeq(ctx, scene.Led)
	if err != nil || newest != last.Seq {
		t.Errorf("last seq %d, %v, want %d", newest, err, last.Seq)
	}
	got, err := historian.GroupHistory(ctx, scene.Led, last.Seq-19, last.Seq)
	if err != nil || len(got) != 19 {
		t.Fatalf("%d messages, %v, want 19: one was recalled", len(got), err)
	}
	there := s.h.Messages(chat)
	there = there[len(there)-19:]
	for i, m := range got {
		if !same(m.Ref, there[i].Ref) || !alike(m.Body, there[i].Body) || m.Sender.Nickname != there[i].Sender.Nickname {
			t.Errorf("history has %+v\nwant %+v", m, there[i])
		}
	}
	for _, span := range [][2]uint32{{5, 4}, {1, 21}} {
		if _, err := historian.GroupHistory(ctx, scene.Led, span[0], span[1]); err == nil {
			t.Errorf("history from %d to %d is given", span[0], span[1])
		}
	}
	if _, err := historian.LastSeq(ctx, scene.NoGroup); err == nil {
		t.Error("a group that is not there has a last seq")
	}
}
