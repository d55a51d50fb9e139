package actions

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// explosive panics while it is encoded.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom in encoding") }

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("no JSON for secret") }

// TestPanics: a panic anywhere is an answer, its details are in the log only, and the chat goes on.
func TestPanics(t *testing.T) {
	var log bytes.Buffer
	w := newWorld()
	w.log = zerolog.New(&log)
	send := w.driver.send
	w.driver.send = func(context.Context, protocol.Chat, message.Message) (protocol.Message, error) { panic("boom in send") }
	s := w.session(t)
	a := ask(t, s, "send_group_msg", `{"group_id":1,"message":"x"}`)
	a.want(t, 1500, "INTERNAL")
	if strings.Contains(a.Wording, "boom") || !strings.Contains(log.String(), "boom in send") || !strings.Contains(log.String(), `"stack"`) {
		t.Errorf("wording %q, log %s", a.Wording, &log)
	}
	w.driver.send = send
	ask(t, s, "send_group_msg", `{"group_id":1,"message":"x"}`).want(t, 0, "")

	o := w.options()
	for _, value := range []any{explosive{}, failing{}} {
		o.Events = statusEvents{status: value}
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		a := ask(t, r.Session("test", SessionOptions{}), "get_status", `{}`)
		a.want(t, 1500, "INTERNAL")
		if strings.Contains(a.Wording, "secret") {
			t.Errorf("wording %q", a.Wording)
		}
	}
	if !strings.Contains(log.String(), "boom in encoding") || !strings.Contains(log.String(), "no JSON for secret") {
		t.Errorf("log %s", &log)
	}
}

type statusEvents struct {
	fakeEvents
	status any
}

func (e statusEvents) Status(protocol.Status) any { return e.status }

// TestPanicInAccept: decoding belongs to the frame too.
func TestPanicInAccept(t *testing.T) {
	bad := action[nothing, none]{
		name: "bad", doc: "d", example: example{params: "{}", data: "null"},
		chat: func(*nothing) protocol.Chat { panic("boom") },
		run:  func(context.Context, *caller, *nothing) (none, error) { return nil, nil },
	}
	r, err := newRegistry(newWorld().options(), []declaration{bad})
	if err != nil {
		t.Fatal(err)
	}
	a := parseAnswer(t, r.Session("test", SessionOptions{}).Accept([]byte(`{"action":"bad","echo":[1]}`))(t.Context()))
	a.want(t, 1500, "INTERNAL")
	if string(a.Echo) != "[1]" {
		t.Errorf("echo %s", a.Echo)
	}
}
