package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"echogate/protocol/sandbox"
)

// link is the daemon's end of a connection to a bot.
type link struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context //nolint:containedctx // the deadline of the whole test
}

func dial(t *testing.T) (*link, *bot) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	b := newBot(&transcript{out: t.Output(), start: time.Now()})
	t.Cleanup(b.end)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	conn, answer, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body != nil {
		answer.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &link{t: t, conn: conn, ctx: ctx}, b
}

func (l *link) tell(frame string) {
	l.t.Helper()
	if err := l.conn.Write(l.ctx, websocket.MessageText, []byte(frame)); err != nil {
		l.t.Fatal(err)
	}
}

// call is an action frame of the bot's.
type call struct {
	Action string         `json:"action"`
	Params map[string]any `json:"params"`
	Echo   string         `json:"echo"`
}

// asked waits for the bot's next action and returns it.
func (l *link) asked(action string) call {
	l.t.Helper()
	_, frame, err := l.conn.Read(l.ctx)
	if err != nil {
		l.t.Fatalf("wait for %s: %v", action, err)
	}
	var c call
	if err := json.Unmarshal(frame, &c); err != nil || c.Action != action {
		l.t.Fatalf("the bot sends %s (%v), not %s", frame, err, action)
	}
	return c
}

func (l *link) answer(c call, data string) {
	l.t.Helper()
	l.tell(fmt.Sprintf(`{"status":"ok","retcode":0,"data":%s,"echo":%q}`, data, c.Echo))
}

const (
	private   = `{"post_type":"message","message_type":"private","user_id":20002,"raw_message":"?","message":[]}`
	heartbeat = `{"post_type":"meta_event","meta_event_type":"heartbeat"}`
)

// While the bot waits for an answer, more comes than it can hold. It must read on to the answer.
func TestAnswerBehindAFlood(t *testing.T) {
	for name, flood := range map[string]string{"heartbeats": heartbeat, "messages": private} {
		t.Run(name, func(t *testing.T) {
			l, _ := dial(t)
			l.tell(private)
			first := l.asked("send_private_msg")
			for range 500 {
				l.tell(flood)
			}
			l.answer(first, "null")
			l.tell(private)
			l.asked("send_private_msg")
		})
	}
}

func TestReactions(t *testing.T) {
	l, b := dial(t)
	l.tell(`{"post_type":"meta_event","meta_event_type":"lifecycle","sub_type":"connect"}`)
	select {
	case <-b.connected:
	case <-l.ctx.Done():
		t.Fatal("the lifecycle event is not noticed")
	}
	const group = `{"post_type":"message","message_type":"group","self_id":10001,"group_id":30001,"message_id":8,"message":[%s]}`
	quotes := map[string]any{"type": "reply", "data": map[string]any{"id": "8"}}
	says := func(text string) []any {
		return []any{quotes, map[string]any{"type": "text", "data": map[string]any{"text": text}}}
	}

	l.tell(fmt.Sprintf(group, `{"type":"at","data":{"qq":"20001"}}`)) // somebody else is meant
	l.tell(fmt.Sprintf(group, `{"type":"at","data":{"qq":"10001"}}`))
	c := l.asked("send_group_msg")
	if want := map[string]any{"group_id": 30001.0, "message": says("hello, nice to meet you")}; !reflect.DeepEqual(c.Params, want) {
		t.Errorf("mentioned, the bot says %v, want %v", c.Params, want)
	}
	l.answer(c, "null")

	l.tell(fmt.Sprintf(group, `{"type":"reply","data":{"id":"5"}}`))
	c = l.asked("get_msg")
	if c.Params["message_id"] != "5" {
		t.Errorf("the bot asks for %v", c.Params)
	}
	l.answer(c, `{"raw_message":"five"}`)
	c = l.asked("send_group_msg")
	if want := says("you quoted: five"); !reflect.DeepEqual(c.Params["message"], any(want)) {
		t.Errorf("the bot says %v, want %v", c.Params["message"], want)
	}
	l.tell(fmt.Sprintf(`{"status":"failed","wording":"muted","data":null,"echo":%q}`, c.Echo)) // noted, and that is all

	l.tell(`{"post_type":"notice","notice_type":"group_recall","group_id":30001,"message_id":7}`)
	l.answer(l.asked("get_msg"), `{"raw_message":"gone"}`)
	if c = l.asked("send_group_msg"); !strings.HasSuffix(fmt.Sprint(c.Params["message"]), ": gone") {
		t.Errorf("the bot says %v", c.Params)
	}
}

// A daemon that cannot start ends the demo with its own error, not with a missing connection.
func TestRunEndsWithTheDaemon(t *testing.T) {
	broken := errors.New("no sandbox today")
	err := Run(t.Context(), io.Discard, func(_ context.Context, world *sandbox.World, endpoint string) error {
		if world.Bot() != botID || !strings.HasPrefix(endpoint, "ws://127.0.0.1:") {
			t.Errorf("the daemon is to log in as %d and dial %s", world.Bot(), endpoint)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}
