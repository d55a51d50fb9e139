package actions

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

// TestChatOrderAcrossEndpoints: messages go out in the order of acceptance, however the calls are scheduled.
func TestChatOrderAcrossEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var mu sync.Mutex
		order := map[int64]string{}
		send := w.driver.send
		w.driver.send = func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
			mu.Lock()
			order[to.ID] += body.PlainText()
			mu.Unlock()
			<-time.After(time.Millisecond)
			return send(ctx, to, body)
		}
		r := w.registry(t)
		a, b := r.Session("a", SessionOptions{}), r.Session("b", SessionOptions{})
		var calls []Call
		for i := range 26 {
			letter := string(rune('a' + i))
			calls = append(calls, a.Accept(say(1, letter)), b.Accept(say(1, strings.ToUpper(letter))), b.Accept(say(2, letter)))
		}
		began := time.Now()
		answers := runAll(t.Context(), calls...)
		for i, got := range *answers {
			if !bytes.HasPrefix(got, []byte(`{"status":"ok"`)) {
				t.Errorf("answer %d: %s", i, got)
			}
		}
		if order[1] != "aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ" || order[2] != "abcdefghijklmnopqrstuvwxyz" {
			t.Errorf("order %v", order)
		}
		// The two groups went side by side.
		if took := time.Since(began); took != 52*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// TestRecallKeepsItsPlace: a recall names no chat, and still comes between the messages around it.
func TestRecallKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var mu sync.Mutex
		var order []string
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
		}
		send := w.driver.send
		w.driver.send = func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
			note(body.PlainText())
			return send(ctx, to, body)
		}
		w.driver.recall = func(context.Context, protocol.Ref) error { note("recall"); return nil }
		s := w.session(t)
		runAll(t.Context(),
			s.Accept(say(30003, "before")),
			s.Accept([]byte(`{"action":"delete_msg","params":{"message_id":7}}`)),
			s.Accept([]byte(`{"action":"delete_msg","params":{"message_id":8}}`)),
			s.Accept(say(30003, "after")),
		)
		if got := strings.Join(order, " "); got != "before recall after" {
			t.Errorf("order: %s", got)
		}
	})
}
