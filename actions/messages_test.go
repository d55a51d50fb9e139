package actions

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

func TestGetMsg(t *testing.T) {
	w := newWorld()
	quote := message.Reply{ID: 7, Quote: message.Quote{Seq: 1201}}
	w.history.stored[8] = protocol.Message{
		Ref:    protocol.Ref{Chat: protocol.PrivateChat(20002), Sender: 10001, Seq: 5, Time: 1700000001},
		Sender: protocol.Sender{UserID: 10001, Nickname: "Echo \xff<&>"},
		Body:   message.Message{quote, message.Text{Text: "a[b]&"}}, Self: true,
	}
	w.history.stored[9] = protocol.Message{Ref: protocol.Ref{Chat: protocol.GroupChat(30003), Sender: 20002, Seq: 4}}
	private := `{"message_id":8,"real_id":5,"message_seq":5,"message_type":"private","group":false,"user_id":10001,` +
		`"sender":{"user_id":10001,"nickname":"Echo ` + "\\ufffd" + `<&>","sex":"unknown","age":0},"time":1700000001,"message":%s,` +
		`"raw_message":"[CQ:reply,id=7]a&#91;b&#93;&amp;"}`
	for _, c := range []struct {
		format       Format
		params, want string
	}{
		{Array, `{"message_id":8}`, fmt.Sprintf(private, `[{"type":"reply","data":{"id":"7"}},{"type":"text","data":{"text":"a[b]&"}}]`)},
		{String, `{"message_id":"8"}`, fmt.Sprintf(private, `"[CQ:reply,id=7]a&#91;b&#93;&amp;"`)},
		{
			// A stand-in for a message that was only quoted.
			"", `{"id":"9"}`,
			`{"message_id":9,"real_id":4,"message_seq":4,"message_type":"group","group":true,"group_id":30003,"user_id":20002,` +
				`"sender":{"user_id":20002,"nickname":"","sex":"unknown","age":0,"card":"","area":"","level":"","role":"member","title":""},` +
				`"time":0,"message":[],"raw_message":""}`,
		},
	} {
		s := w.registry(t).Session("test", SessionOptions{Format: c.format})
		a := ask(t, s, "get_msg", c.params)
		a.want(t, 0, "")
		if string(a.Data) != c.want {
			t.Errorf("%s %s:\n%s, want\n%s", c.format, c.params, a.Data, c.want)
		}
	}
}

func TestUnknownMessages(t *testing.T) {
	w := newWorld()
	w.driver.recall = func(context.Context, protocol.Ref) error {
		t.Error("something was recalled")
		return nil
	}
	s := w.session(t)
	for _, action := range []string{"get_msg", "delete_msg"} {
		ask(t, s, action, `{"message_id":-2147483648}`).want(t, 102, "MESSAGE_NOT_FOUND")
		ask(t, s, action, `{}`).want(t, 1400, "PARAM_MESSAGE_ID")
		ask(t, s, action, `{"message_id":2147483648}`).want(t, 1400, "PARAM_MESSAGE_ID")
	}
	w.history.broken = errors.New("disk on fire")
	for _, action := range []string{"get_msg", "delete_msg"} {
		ask(t, s, action, `{"message_id":7}`).want(t, 1500, "INTERNAL")
	}
}

func TestDeleteMsg(t *testing.T) {
	w := newWorld()
	var recalled []protocol.Ref
	w.driver.recall = func(_ context.Context, r protocol.Ref) error {
		recalled = append(recalled, r)
		return nil
	}
	s := w.session(t)
	ask(t, s, "delete_msg", `{"message_id":7}`).want(t, 0, "")
	if !reflect.DeepEqual(recalled, []protocol.Ref{teaMessage().Ref}) {
		t.Errorf("recalled %v", recalled)
	}
	w.driver.recall = func(context.Context, protocol.Ref) error { return &protocol.RefusedError{Code: 1001} }
	ask(t, s, "delete_msg", `{"message_id":7}`).want(t, 103, "REFUSED")
}

func TestGroupHistory(t *testing.T) {
	for _, c := range []struct {
		params   string
		last     uint32
		from, to uint32 // 0: not asked
	}{
		{`{"group_id":30003}`, 1201, 1182, 1201},
		{`{"group_id":30003,"message_seq":null}`, 20, 1, 20},
		{`{"group_id":30003,"message_seq":0}`, 3, 1, 3},
		{`{"group_id":30003}`, 0, 0, 0},
		{`{"group_id":30003,"message_seq":"100"}`, 1201, 81, 100},
		{`{"group_id":30003,"message_seq":4294967295}`, 1201, 4294967276, 4294967295},
	} {
		w := newWorld()
		w.driver.lastSeq = func(protocol.GroupID) (uint32, error) { return c.last, nil }
		var from, to uint32
		w.driver.history = func(_ protocol.GroupID, f, l uint32) ([]protocol.Message, error) {
			from, to = f, l
			return nil, nil
		}
		a := ask(t, w.session(t), "get_group_msg_history", c.params)
		a.want(t, 0, "")
		if from != c.from || to != c.to || string(a.Data) != `{"messages":[]}` {
			t.Errorf("%s: asked for %d to %d, data %s", c.params, from, to, a.Data)
		}
	}
}

func TestGroupHistoryFailures(t *testing.T) {
	w := newWorld()
	s := w.session(t)
	w.driver.history = func(protocol.GroupID, uint32, uint32) ([]protocol.Message, error) { return nil, protocol.ErrTimeout }
	ask(t, s, "get_group_msg_history", `{"group_id":30003}`).want(t, 1503, "TIMEOUT")
	w.driver.lastSeq = func(g protocol.GroupID) (uint32, error) {
		return 0, &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
	}
	ask(t, s, "get_group_msg_history", `{"group_id":5}`).want(t, 102, "GROUP_NOT_FOUND")
	ask(t, s, "get_group_msg_history", `{"group_id":5,"message_seq":-1}`).want(t, 1400, "PARAM_MESSAGE_SEQ")
}

// TestHistoryNeedsAHistorian: what the driver cannot do is told, and documented.
func TestHistoryNeedsAHistorian(t *testing.T) {
	o := newWorld().options()
	o.Driver = newWorld().driver.fakeDriver
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, r.Session("test", SessionOptions{}), "get_group_msg_history", `{"group_id":30003}`).want(t, 1404, "UNSUPPORTED")
	var b strings.Builder
	if err := r.Document(&b); err != nil || !strings.Contains(b.String(), "`Historian`") {
		t.Errorf("the document does not name Historian: %v", err)
	}
}
