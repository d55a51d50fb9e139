package actions

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

// said is one call of the driver's Send.
type said struct {
	to   protocol.Chat
	body message.Message
}

// listen notes what the world's driver is told to send.
func listen(w *world) *[]said {
	var all []said
	send := w.driver.send
	w.driver.send = func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
		all = append(all, said{to, body})
		return send(ctx, to, body)
	}
	return &all
}

func text(s string) message.Message { return message.Message{message.Text{Text: s}} }

func TestWhereSendingGoes(t *testing.T) {
	for _, c := range []struct {
		action, params string
		want           protocol.Chat
	}{
		{"send_private_msg", `{"user_id":20002,"message":"x"}`, protocol.PrivateChat(20002)},
		{"send_private_msg", `{"user_id":"40004","message":"x"}`, protocol.PrivateChat(40004)},
		{"send_private_msg", `{"user_id":20002,"group_id":30003,"message":"x"}`, protocol.PrivateChat(20002)},
		{"send_private_msg", `{"user_id":40004,"group_id":30003,"message":"x"}`, protocol.Chat{Kind: protocol.Temp, ID: 40004, Via: 30003}},
		{"send_group_msg", `{"group_id":"30003","message":"x","self_id":10001}`, protocol.GroupChat(30003)},
		{"send_msg", `{"user_id":20002,"message":"x"}`, protocol.PrivateChat(20002)},
		{"send_msg", `{"group_id":30003,"message":"x"}`, protocol.GroupChat(30003)},
		{"send_msg", `{"group_id":30003,"user_id":0,"message":"x"}`, protocol.GroupChat(30003)},
		{"send_msg", `{"group_id":null,"user_id":20002,"message_type":null,"message":"x"}`, protocol.PrivateChat(20002)},
		{"send_msg", `{"group_id":30003,"user_id":20002,"message_type":"group","message":"x"}`, protocol.GroupChat(30003)},
		{"send_msg", `{"group_id":30003,"user_id":20002,"message_type":"private","message":"x"}`, protocol.PrivateChat(20002)},
		{"send_msg", `{"group_id":30003,"user_id":40004,"message":"x"}`, protocol.Chat{Kind: protocol.Temp, ID: 40004, Via: 30003}},
		{"send_msg_async", `{"group_id":30003,"message":"x"}`, protocol.GroupChat(30003)},
		{"send_msg_rate_limited", `{"group_id":30003,"message":"x"}`, protocol.GroupChat(30003)},
	} {
		w := newWorld()
		sent := listen(w)
		a := ask(t, w.session(t), c.action, c.params)
		a.want(t, 0, "")
		if want := []said{{c.want, text("x")}}; !reflect.DeepEqual(*sent, want) {
			t.Errorf("%s %s sent %v", c.action, c.params, *sent)
		}
		if string(a.Data) != `{"message_id":101}` || w.history.stored[101].Ref.Chat != c.want {
			t.Errorf("%s %s: data %s, stored %v", c.action, c.params, a.Data, w.history.stored[101])
		}
	}
}

func TestMessageForms(t *testing.T) {
	at := message.Message{message.At{UserID: 20002}, message.Text{Text: " hi"}}
	for form, want := range map[string]message.Message{
		`"[CQ:at,qq=20002] hi"`:                    at,
		`"[CQ:at,qq=20002] hi","auto_escape":true`: text("[CQ:at,qq=20002] hi"),
		`"a[b","auto_escape":"yes"`:                text("a[b"),
		`[{"type":"at","data":{"qq":20002}},{"type":"text","data":{"text":" hi"}}]`: at,
		`[{"type":"text","data":{"text":"[CQ:at,qq=1]"}}]`:                          text("[CQ:at,qq=1]"),
		`{"type":"text","data":{"text":"one"}}`:                                     text("one"),
		`12.50`:                                                                     text("12.50"),
		`true`:                                                                      text("true"),
	} {
		w := newWorld()
		sent := listen(w)
		ask(t, w.session(t), "send_group_msg", `{"group_id":30003,"message":`+form+`}`).want(t, 0, "")
		if len(*sent) != 1 || !reflect.DeepEqual((*sent)[0].body, want) {
			t.Errorf("%s sent %#v", form, *sent)
		}
	}
}

func TestNothingIsSentOnBadParameters(t *testing.T) {
	for _, c := range []struct {
		action, params, msg, words string
		retcode                    int
	}{
		{"send_msg", `{}`, "PARAM_MESSAGE", "missing", 1400},
		{"send_msg", `null`, "PARAM_MESSAGE", "missing", 1400},
		{"send_msg", `{"message":"x"}`, "PARAM_USER_ID", "nobody to send to", 1400},
		{"send_msg", `{"user_id":0,"group_id":0,"message":"x"}`, "PARAM_USER_ID", "nobody to send to", 1400},
		{"send_msg", `{"message_type":"group","user_id":1,"message":"x"}`, "PARAM_GROUP_ID", "missing", 1400},
		{"send_msg", `{"message_type":"private","group_id":1,"message":"x"}`, "PARAM_USER_ID", "missing", 1400},
		{"send_msg", `{"message_type":"guild","group_id":1,"message":"x"}`, "PARAM_MESSAGE_TYPE", `got "guild"`, 1400},
		{"send_msg", `{"user_id":1}`, "PARAM_MESSAGE", "missing", 1400},
		{"send_group_msg", `{"group_id":30003,"message":null}`, "PARAM_MESSAGE", "missing", 1400},
		{"send_group_msg", `{"group_id":30003,"message":""}`, "PARAM_MESSAGE", "empty", 1400},
		{"send_group_msg", `{"group_id":30003,"message":[]}`, "PARAM_MESSAGE", "empty", 1400},
		{"send_group_msg", `{"group_id":30003,"message":[{"type":"text","data":{"text":""}}]}`, "PARAM_MESSAGE", "empty", 1400},
		{"send_group_msg", `{"group_id":30003,"message":"[CQ:at,qq=0]"}`, "PARAM_MESSAGE", `segment "at"`, 1400},
		{"send_group_msg", `{"group_id":30003,"message":["x"]}`, "PARAM_MESSAGE", "type", 1400},
		{"send_group_msg", `{"group_id":30003,"message":[{"type":"text","data":5}]}`, "PARAM_MESSAGE", "not an object", 1400},
		{"send_group_msg", `{"message":"x"}`, "PARAM_GROUP_ID", "missing", 1400},
		{"send_group_msg", `{"group_id":"Tea","message":"x"}`, "PARAM_GROUP_ID", `needs a number, got "Tea"`, 1400},
		{"send_group_msg", `{"group_id":30003,"message":"x","auto_escape":[]}`, "PARAM_AUTO_ESCAPE", "true or false", 1400},
		{"send_group_msg", `{"group_id":30003,"message":"[CQ:reply,id=8]x"}`, "MESSAGE_NOT_FOUND", "message 8", 102},
		{"send_group_msg", `{"group_id":30003,"message":"[CQ:reply,id=-8]x"}`, "MESSAGE_NOT_FOUND", "message -8", 102},
		{"send_group_msg", `{"group_id":30004,"message":"[CQ:reply,id=7]x"}`, "PARAM_MESSAGE", "another chat", 1400},
		{"send_private_msg", `{"user_id":20002,"message":"[CQ:reply,id=7]x"}`, "PARAM_MESSAGE", "another chat", 1400},
	} {
		w := newWorld()
		sent := listen(w)
		a := ask(t, w.session(t), c.action, c.params)
		a.want(t, c.retcode, c.msg)
		if !strings.Contains(a.Wording, c.words) || a.Message != a.Wording {
			t.Errorf("%s %s: wording %q, message %q, want %q in it", c.action, c.params, a.Wording, a.Message, c.words)
		}
		if len(*sent) != 0 {
			t.Errorf("%s %s sent %v", c.action, c.params, *sent)
		}
	}
}

func TestReplyIsCompletedAndComesFirst(t *testing.T) {
	w := newWorld()
	sent := listen(w)
	ask(t, w.session(t), "send_group_msg", `{"group_id":30003,"message":"yes[CQ:reply,id=7] it is[CQ:reply,id=1]"}`).want(t, 0, "")
	want := message.Message{
		message.Reply{ID: 7, Quote: message.Quote{Seq: 1201, Sender: 20002, Time: 1700000000, Body: text("is there tea?")}},
		message.Text{Text: "yes"},
		message.Text{Text: " it is"},
	}
	if !reflect.DeepEqual((*sent)[0].body, want) {
		t.Errorf("sent %#v", (*sent)[0].body)
	}
}

// TestReplyInTemporaryChat: a chat with a person is the same one, whichever way a message takes.
func TestReplyInTemporaryChat(t *testing.T) {
	w := newWorld()
	sent := listen(w)
	w.history.stored[8] = protocol.Message{Ref: protocol.Ref{Chat: protocol.Chat{Kind: protocol.Temp, ID: 40004, Via: 30003}, Sender: 40004, Seq: 3}}
	ask(t, w.session(t), "send_private_msg", `{"user_id":40004,"message":"[CQ:reply,id=8]x"}`).want(t, 0, "")
	if r, ok := (*sent)[0].body.Reply(); !ok || r.Quote.Seq != 3 {
		t.Errorf("sent %#v", *sent)
	}
}

func TestSendFailures(t *testing.T) {
	for _, c := range []struct {
		err     error
		retcode int
		msg     string
		words   string
	}{
		{&protocol.RefusedError{Code: 120, Text: "you are muted"}, 103, "REFUSED", "120: you are muted"},
		{&protocol.UnsendableError{Segment: "image", Reason: "not modelled"}, 1400, "PARAM_MESSAGE", `"image"`},
		{&protocol.NotFoundError{Kind: protocol.KindGroup, ID: 30003}, 102, "GROUP_NOT_FOUND", "30003"},
		{&protocol.NotFoundError{Kind: protocol.KindFriend, ID: 5}, 102, "FRIEND_NOT_FOUND", "5"},
		{protocol.ErrOffline, 1503, "OFFLINE", "offline"},
		{protocol.ErrTimeout, 1503, "TIMEOUT", "may have been"},
		{context.DeadlineExceeded, 1503, "TIMEOUT", "may have been"},
		{protocol.ErrUnsupported, 1404, "UNSUPPORTED", "cannot"},
		{errors.New("open /home/somebody/secret"), 1500, "INTERNAL", "log"},
	} {
		w := newWorld()
		w.driver.send = func(context.Context, protocol.Chat, message.Message) (protocol.Message, error) {
			return protocol.Message{}, c.err
		}
		a := ask(t, w.session(t), "send_group_msg", `{"group_id":30003,"message":"x"}`)
		a.want(t, c.retcode, c.msg)
		if !strings.Contains(a.Wording, c.words) || strings.Contains(a.Wording, "secret") || string(a.Data) != "null" {
			t.Errorf("%v: wording %q, data %s", c.err, a.Wording, a.Data)
		}
		if !strings.Contains(conventions, "`"+c.msg+"`") && !strings.HasPrefix(c.msg, "PARAM_") {
			t.Errorf("conventions.md lacks %s", c.msg)
		}
		if len(w.history.stored) != 1 {
			t.Errorf("%v: stored %v", c.err, w.history.stored)
		}
	}
}

func TestSentButNotRecorded(t *testing.T) {
	w := newWorld()
	w.history.broken = errors.New("closed")
	a := ask(t, w.session(t), "send_group_msg", `{"group_id":30003,"message":"x"}`)
	a.want(t, 1500, "INTERNAL")
	if !strings.Contains(a.Wording, "do not send it again") {
		t.Errorf("wording %q", a.Wording)
	}
}

func TestFriendListIsNeededForTemporaryChats(t *testing.T) {
	w := newWorld()
	sent := listen(w)
	w.driver.friends = func(bool) ([]protocol.Friend, error) { return nil, protocol.ErrOffline }
	ask(t, w.session(t), "send_private_msg", `{"user_id":40004,"group_id":30003,"message":"x"}`).want(t, 1503, "OFFLINE")
	if len(*sent) != 0 {
		t.Errorf("sent %v", *sent)
	}
}
