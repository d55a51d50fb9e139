package protocoltest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

func receive(t *testing.T, s *session) {
	scene := s.h.Scene()
	for _, b := range groupBodies(scene) {
		t.Run("group "+b.name, func(t *testing.T) {
			mark := s.mark()
			ref := s.h.SayGroup(t, scene.Friend, scene.Open, b.body)
			got := s.received(t, mark, ref)
			if !alike(got.Body, b.body) || got.Self || got.Ref.Time != ref.Time {
				t.Errorf("received %+v\nwant %+v", got, b.body)
			}
			i := slices.IndexFunc(scene.Members[scene.Open], func(m protocol.Member) bool { return m.UserID == scene.Friend })
			m := scene.Members[scene.Open][i]
			want := protocol.Sender{UserID: m.UserID, Nickname: m.Nickname, Card: m.Card, Role: m.Role, Title: m.Title, Level: m.Level}
			if want.Card == want.Nickname {
				want.Card = got.Sender.Card // QQ has no way to say that a card equals the nickname
			}
			if got.Sender != want {
				t.Errorf("sender %+v\nwant %+v", got.Sender, want)
			}
		})
	}
	for _, b := range privateBodies(scene) {
		t.Run("private "+b.name, func(t *testing.T) {
			mark := s.mark()
			ref := s.h.SayPrivate(t, scene.Friend, b.body)
			got := s.received(t, mark, ref)
			if !alike(got.Body, b.body) || got.Self || got.Ref.Time != ref.Time || got.Sender.Nickname == "" {
				t.Errorf("received %+v\nwant %+v", got, b.body)
			}
		})
	}
	t.Run("reply", func(t *testing.T) {
		mark := s.mark()
		first := s.received(t, mark, s.h.SayGroup(t, scene.Friend, scene.Open, text("first")))
		said := message.Message{quote(first), message.Text{Text: "second"}}
		got := s.received(t, mark, s.h.SayGroup(t, scene.Plain, scene.Open, said))
		reply, _ := got.Body.Reply()
		if !alike(got.Body, said) || reply.Quote.Body.PlainText() != "first" || reply.Quote.Time != first.Ref.Time {
			t.Errorf("received %+v\nwant %+v", got.Body, said)
		}
	})
}

func send(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	check := func(t *testing.T, to protocol.Chat, body message.Message) {
		t.Helper()
		mark := s.mark()
		sent, err := s.Send(ctx, to, body)
		if err != nil {
			t.Fatal(err)
		}
		if sent.Ref.Chat != to || sent.Ref.Sender != scene.Self.UserID || sent.Ref.Seq == 0 || sent.Ref.Time == 0 || !sent.Self {
			t.Errorf("sent %+v", sent.Ref)
		}
		there, ok := find(s.h.Messages(to), sent.Ref)
		if !ok || !alike(there.Body, body) || !alike(sent.Body, body) {
			t.Errorf("there (%v) %+v\nreturned %+v\nsent %+v", ok, there.Body, sent.Body, body)
		}
		echo := s.received(t, mark, sent.Ref)
		if !echo.Self || !alike(echo.Body, body) || echo.Sender.UserID != scene.Self.UserID || echo.Sender.Nickname != scene.Self.Nickname {
			t.Errorf("own message came as %+v\nwant %+v", echo, body)
		}
	}
	for _, b := range groupBodies(scene) {
		t.Run("group "+b.name, func(t *testing.T) { check(t, protocol.GroupChat(scene.Open), b.body) })
	}
	for _, b := range privateBodies(scene) {
		t.Run("private "+b.name, func(t *testing.T) { check(t, protocol.PrivateChat(scene.Friend), b.body) })
	}
	for _, to := range []protocol.Chat{protocol.GroupChat(scene.Open), protocol.PrivateChat(scene.Friend)} {
		t.Run("reply in "+to.Kind.String(), func(t *testing.T) {
			mark := s.mark()
			var ref protocol.Ref
			if to.Kind == protocol.Group {
				ref = s.h.SayGroup(t, scene.Friend, scene.Open, text("question"))
			} else {
				ref = s.h.SayPrivate(t, scene.Friend, text("question"))
			}
			question := s.received(t, mark, ref)
			answer := message.Message{quote(question), message.Text{Text: "answer"}}
			check(t, to, answer)
			all := s.h.Messages(to)
			reply, ok := all[len(all)-1].Body.Reply()
			if !ok || reply.Quote.Body.PlainText() != "question" {
				t.Errorf("quote there %+v", reply)
			}
		})
	}
}

// ownMessages: each comes once, in its place among the others'.
func ownMessages(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	for _, to := range []protocol.Chat{protocol.GroupChat(scene.Open), protocol.PrivateChat(scene.Friend)} {
		mark := s.mark()
		refs := map[protocol.Ref]int{}
		for range 20 {
			sent, err := s.Send(ctx, to, text("mine"))
			if err != nil {
				t.Fatal(err)
			}
			refs[sent.Ref]++
		}
		if len(refs) != 20 {
			t.Errorf("%d different refs for 20 messages in %s", len(refs), to)
		}
		end := s.fence(t, to)
		var last uint32
		n := 0
		for _, e := range s.since(mark)[:end-mark] {
			r, ok := e.(protocol.Received)
			if !ok || r.Message.Ref.Chat != to || !r.Message.Self {
				continue
			}
			n++
			if r.Message.Ref.Seq <= last || refs[r.Message.Ref] != 1 {
				t.Errorf("own message %+v after seq %d", r.Message.Ref, last)
			}
			last = r.Message.Ref.Seq
		}
		if n != 20 {
			t.Errorf("%d own messages in %s came as events, want 20", n, to)
		}
	}
}

func refusals(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	refused := func(t *testing.T, err error, code int) {
		t.Helper()
		e, ok := errors.AsType[*protocol.RefusedError](err)
		if !ok || code != 0 && e.Code != code || e.Code == 0 {
			t.Errorf("error %v, want a refusal with code %d", err, code)
		}
	}
	_, err := s.Send(ctx, protocol.GroupChat(scene.Shut), text("x"))
	refused(t, err, 0)
	s.h.RefuseSends(46)
	_, err = s.Send(ctx, protocol.GroupChat(scene.Open), text("x"))
	refused(t, err, 46)
	_, err = s.Send(ctx, protocol.PrivateChat(scene.Friend), text("x"))
	refused(t, err, 46)
	s.h.RefuseSends(0)

	before := len(s.h.Messages(protocol.GroupChat(scene.Open)))
	quoteless := message.Message{message.Reply{ID: 7}, message.Text{Text: "x"}}
	for _, c := range []struct {
		body    message.Message
		segment string
	}{
		{nil, ""},
		{text(""), ""},
		{text(strings.Repeat("x", 100_000)), ""},
		{message.Message{message.Unknown{Kind: "image", Data: []message.Field{{Key: "file", Value: "x"}}}}, "image"},
		{message.Message{message.Text{Text: "x"}, message.Unknown{Kind: "shake"}}, "shake"},
		{message.Message{message.Face{ID: -1}}, "face"},
		{quoteless, "reply"},
	} {
		_, err := s.Send(ctx, protocol.GroupChat(scene.Open), c.body)
		if e, ok := errors.AsType[*protocol.UnsendableError](err); !ok || e.Segment != c.segment {
			t.Errorf("error %v, want unsendable %q", err, c.segment)
		}
	}
	if after := len(s.h.Messages(protocol.GroupChat(scene.Open))); after != before {
		t.Errorf("%d messages arrived although they were refused", after-before)
	}
	_, err = s.Send(ctx, protocol.Chat{Kind: protocol.Temp, ID: int64(scene.Plain), Via: scene.Open}, text("x"))
	if err != nil && !errors.Is(err, protocol.ErrUnsupported) {
		t.Errorf("temporary session: %v", err)
	}
}

// contexts: calls end with their context.
func contexts(t *testing.T, s *session) {
	scene := s.h.Scene()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Friends(ctx, true); !errors.Is(err, context.Canceled) {
		t.Errorf("Friends with a dead context = %v", err)
	}
	s.h.Stall(true)
	defer s.h.Stall(false)
	const limit = 200 * time.Millisecond
	began := time.Now()
	ctx, cancel = context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, err := s.User(ctx, scene.Friend); !errors.Is(err, protocol.ErrTimeout) {
		t.Errorf("User of a silent server = %v, want a timeout", err)
	}
	if waited := time.Since(began); waited < limit {
		t.Errorf("User of a silent server gave up after %v of %v", waited, limit)
	}
}
