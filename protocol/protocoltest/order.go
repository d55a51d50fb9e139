package protocoltest

import (
	"testing"

	"echogate/protocol"
)

// burst is how many messages come at once in the order test. MiraiGo displaces by thousands with that many.
const burst = 50_000

// inOrder checks that the groups' messages among the events are complete and ascending from first on.
func inOrder(t *testing.T, events []protocol.Event, chat protocol.Chat, first, last uint32) {
	t.Helper()
	next := first
	for _, e := range events {
		r, ok := e.(protocol.Received)
		if !ok || r.Message.Ref.Chat != chat || r.Message.Ref.Seq < first || r.Message.Ref.Seq > last {
			continue
		}
		if r.Message.Ref.Seq != next {
			t.Fatalf("%s: seq %d came when %d was next", chat, r.Message.Ref.Seq, next)
		}
		next++
	}
	if next != last+1 {
		t.Errorf("%s: messages end with seq %d, want %d", chat, next-1, last)
	}
}

func newest(h Harness, chat protocol.Chat) uint32 {
	var seq uint32
	if all := h.Messages(chat); len(all) > 0 {
		seq = all[len(all)-1].Ref.Seq
	}
	return seq
}

func order(t *testing.T, s *session) {
	scene := s.h.Scene()
	groups := []protocol.GroupID{scene.Open, scene.Led}
	mark := s.mark()
	from := map[protocol.GroupID]uint32{}
	for _, g := range groups {
		from[g] = newest(s.h, protocol.GroupChat(g)) + 1
	}
	s.h.Burst(t, groups, burst)
	for _, g := range groups {
		chat := protocol.GroupChat(g)
		end := s.fence(t, chat)
		inOrder(t, s.since(mark)[:end-mark+1], chat, from[g], newest(s.h, chat))
	}
	if d := s.Status().Stats.Duplicates; d != 0 {
		t.Errorf("%d duplicates", d)
	}
}

// burstDuringLogin: what is said while the driver logs in comes after Online, in order and complete.
func burstDuringLogin(t *testing.T, h Harness) {
	scene := h.Scene()
	s := launch(t, h, false)
	eventually(t, "a session", func() bool { return h.Sessions() == 1 })
	chat := protocol.GroupChat(scene.Open)
	// The account is registered, so QQ pushes; its lists are not loaded for another second.
	first := newest(h, chat) + 1
	h.Burst(t, []protocol.GroupID{scene.Open}, 3000)
	_, online := s.await(t, 0, "Online", func(e protocol.Event) bool { _, ok := e.(protocol.Online); return ok })
	if online != 0 {
		t.Errorf("%d events before Online", online)
	}
	h.Burst(t, []protocol.GroupID{scene.Open}, 500)
	end := s.fence(t, chat)
	inOrder(t, s.since(0)[:end+1], chat, first, newest(h, chat))
	s.stop(t)
}
