package actions

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

// gate makes the world's driver wait in Send until the test lets each message pass.
type gate struct {
	entered chan string // the text of each message that has begun
	pass    chan struct{}
}

func newGate(w *world) *gate {
	g := &gate{entered: make(chan string, 100), pass: make(chan struct{})}
	send := w.driver.send
	w.driver.send = func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
		g.entered <- body.PlainText()
		select {
		case <-g.pass:
			return send(ctx, to, body)
		case <-ctx.Done():
			return protocol.Message{}, ctx.Err()
		}
	}
	return g
}

func say(group int, text string) []byte {
	return fmt.Appendf(nil, `{"action":"send_group_msg","params":{"group_id":%d,"message":%q},"echo":%q}`, group, text, text)
}

// runAll runs calls as links do, each on its own goroutine, the last one first.
func runAll(ctx context.Context, calls ...Call) *[][]byte {
	var wg sync.WaitGroup
	answers := make([][]byte, len(calls))
	for i := len(calls) - 1; i >= 0; i-- {
		wg.Go(func() { answers[i] = calls[i](ctx) })
	}
	wg.Wait()
	return &answers
}

func TestQueriesPassWaitingSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := newGate(w)
		s := w.session(t)
		send := s.Accept(say(1, "slow"))
		done := make(chan []byte, 1)
		go func() { done <- send(t.Context()) }()
		<-g.entered
		ask(t, s, "get_msg", `{"message_id":7}`).want(t, 0, "")
		g.pass <- struct{}{}
		parseAnswer(t, <-done).want(t, 0, "")
	})
}

// TestDeadline counts from the acceptance, the wait for the turn included; what has not begun by then never begins.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := newGate(w)
		s := w.session(t)
		began := time.Now()
		answers := *runAll(t.Context(), s.Accept(say(1, "stuck")), s.Accept(say(1, "behind")))
		if took := time.Since(began); took != DefaultDeadline {
			t.Errorf("answered after %v", took)
		}
		first, second := parseAnswer(t, answers[0]), parseAnswer(t, answers[1])
		first.want(t, 1503, "TIMEOUT")
		second.want(t, 1503, "TIMEOUT")
		if !strings.Contains(first.Wording, "may have been") || !strings.Contains(second.Wording, "nothing was done") {
			t.Errorf("wordings %q, %q", first.Wording, second.Wording)
		}
		if len(g.entered) != 1 {
			t.Errorf("%d messages have begun", len(g.entered))
		}
		short := w.registry(t).Session("short", SessionOptions{SessionConfig: SessionConfig{Deadline: time.Second}})
		began = time.Now()
		parseAnswer(t, short.Accept(say(1, "stuck"))(t.Context())).want(t, 1503, "TIMEOUT")
		if took := time.Since(began); took != time.Second {
			t.Errorf("answered after %v", took)
		}
	})
}

// TestClosedLink: what has begun goes on, what still waits does not begin, and leaves its place.
func TestClosedLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := newGate(w)
		s := w.session(t)
		ctx, closeLink := context.WithCancel(t.Context())
		begun, waiting, other := s.Accept(say(1, "begun")), s.Accept(say(1, "waiting")), s.Accept(say(1, "other link"))
		answers := make([]chan []byte, 3)
		for i, run := range []func() []byte{
			func() []byte { return begun(ctx) },
			func() []byte { return waiting(ctx) },
			func() []byte { return other(t.Context()) },
		} {
			answers[i] = make(chan []byte, 1)
			go func() { answers[i] <- run() }()
		}
		synctest.Wait()
		closeLink()
		parseAnswer(t, <-answers[1]).want(t, 1503, "TIMEOUT")
		g.pass <- struct{}{}
		parseAnswer(t, <-answers[0]).want(t, 0, "")
		g.pass <- struct{}{}
		parseAnswer(t, <-answers[2]).want(t, 0, "")
		if first, second := <-g.entered, <-g.entered; first != "begun" || second != "other link" || len(g.entered) != 0 {
			t.Errorf("sent %q, %q and %d more", first, second, len(g.entered))
		}
	})
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := newGate(w)
		r := w.registry(t)
		s := r.Session("small", SessionOptions{SessionConfig: SessionConfig{InFlight: 2}})
		done := make(chan []byte, 2)
		for i := range 2 {
			call := s.Accept(say(i+1, "x"))
			go func() { done <- call(t.Context()) }()
		}
		synctest.Wait()
		a := parseAnswer(t, s.Accept([]byte(`{"action":"get_msg","params":{"message_id":7},"echo":"e"}`))(t.Context()))
		a.want(t, 1429, "BUSY")
		if string(a.Echo) != `"e"` || !strings.Contains(a.Wording, "2 actions") {
			t.Errorf("echo %s, wording %q", a.Echo, a.Wording)
		}
		ask(t, s, "send_group_msg", `{"group_id":1,"message":"x"}`).want(t, 1429, "BUSY")
		// Another endpoint has its own bound.
		ask(t, r.Session("other", SessionOptions{}), "get_msg", `{"message_id":7}`).want(t, 0, "")
		for range 2 {
			g.pass <- struct{}{}
			parseAnswer(t, <-done).want(t, 0, "")
		}
		ask(t, s, "get_msg", `{"message_id":7}`).want(t, 0, "")
	})
}

func TestUnknownActions(t *testing.T) {
	s := newWorld().session(t)
	for _, name := range []string{
		"", "get_msg_", "GET_MSG", "_async", "get_msg_async_async", "get_msg_rate_limited_async", ".handle_quick_operation", strings.Repeat("x", 1e6),
	} {
		a := ask(t, s, name, `{}`)
		a.want(t, 1404, "API_NOT_FOUND")
		if len(a.Wording) > 200 {
			t.Errorf("a wording of %d bytes", len(a.Wording))
		}
	}
}
