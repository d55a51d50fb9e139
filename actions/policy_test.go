package actions

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-json"

	"echogate/protocol"
	"echogate/protocol/message"
)

// restricted makes a session with the policy. The world has a second group and a second friend besides, and message 8
// was said in that group, 9 by that friend, 10 in a temporary session through that group.
func restricted(t *testing.T, w *world, p Policy) *Session {
	t.Helper()
	groups, friends := w.driver.groups, w.driver.friends
	w.driver.groups = func(fresh bool) ([]protocol.GroupInfo, error) {
		list, err := groups(fresh)
		return append(list, protocol.GroupInfo{GroupID: 30004}), err
	}
	w.driver.friends = func(fresh bool) ([]protocol.Friend, error) {
		list, err := friends(fresh)
		return append(list, protocol.Friend{UserID: 20005}), err
	}
	for id, chat := range map[int32]protocol.Chat{
		8: protocol.GroupChat(30004), 9: protocol.PrivateChat(20005), 10: {Kind: protocol.Temp, ID: 20002, Via: 30004},
	} {
		w.history.stored[id] = protocol.Message{Ref: protocol.Ref{Chat: chat, Sender: 20002, Seq: uint32(id)}, Body: text("secret")}
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return w.registry(t).Session("test", SessionOptions{SessionConfig: SessionConfig{Policy: p}})
}

// quiet makes every call of the driver that changes or asks something a failure of the test.
func quiet(t *testing.T, w *world) {
	t.Helper()
	touched := func() { t.Error("the driver was asked") }
	w.driver.send = func(context.Context, protocol.Chat, message.Message) (protocol.Message, error) {
		touched()
		return protocol.Message{}, nil
	}
	w.driver.recall = func(context.Context, protocol.Ref) error { touched(); return nil }
	w.driver.user = func(protocol.UserID) (protocol.User, error) { touched(); return protocol.User{}, nil }
	w.driver.groups = func(bool) ([]protocol.GroupInfo, error) { touched(); return nil, nil }
	w.driver.members = func(protocol.GroupID, bool) ([]protocol.Member, error) { touched(); return nil, nil }
	w.driver.lastSeq = func(protocol.GroupID) (uint32, error) { touched(); return 0, nil }
	w.driver.history = func(protocol.GroupID, uint32, uint32) ([]protocol.Message, error) { touched(); return nil, nil }
}

// TestForbiddenChats: whichever action is tried and however the chat is named, the driver hears nothing of it.
func TestForbiddenChats(t *testing.T) {
	policy := Policy{Groups: []protocol.GroupID{30003}, Users: []protocol.UserID{20002}}
	for _, c := range []struct{ action, params, words string }{
		{"send_group_msg", `{"group_id":30004,"message":"x"}`, "group 30004"},
		{"send_msg", `{"group_id":"30004","message":"x"}`, "group 30004"},
		{"send_msg_async", `{"message_type":"group","group_id":30004,"user_id":20002,"message":"x"}`, "group 30004"},
		{"send_msg", `{"user_id":20005,"group_id":30003,"message":"x"}`, "user 20005"},
		{"send_private_msg", `{"user_id":20005,"message":"x"}`, "user 20005"},
		{"send_private_msg", `{"user_id":40004,"group_id":30003,"message":"x"}`, "user 40004"},
		{"send_group_msg", `{"group_id":30003,"message":"[CQ:reply,id=8]x"}`, "message 8"},
		{"delete_msg", `{"message_id":8}`, "message 8"},
		{"delete_msg", `{"message_id":9}`, "message 9"},
		{"delete_msg", `{"message_id":10}`, "message 10"},
		{"get_msg", `{"message_id":8}`, "message 8"},
		{"get_msg", `{"message_id":9}`, "message 9"},
		{"get_group_msg_history", `{"group_id":30004}`, "group 30004"},
		{"get_group_msg_history", `{"group_id":30004,"message_seq":3}`, "group 30004"},
		{"get_group_info", `{"group_id":30004,"no_cache":true}`, "group 30004"},
		{"get_group_member_list", `{"group_id":30004}`, "group 30004"},
		{"get_group_member_info", `{"group_id":30004,"user_id":20002}`, "group 30004"},
		{"get_stranger_info", `{"user_id":20005}`, "user 20005"},
	} {
		w := newWorld()
		s := restricted(t, w, policy)
		quiet(t, w)
		a := ask(t, s, c.action, c.params)
		a.want(t, 1403, "FORBIDDEN")
		if !strings.Contains(c.params, "30004") && strings.Contains(a.Wording, "30004") {
			t.Errorf("%s %s: wording %q tells whose message it is", c.action, c.params, a.Wording)
		}
		if !strings.Contains(a.Wording, c.words) || strings.Contains(string(a.Data)+a.Wording, "secret") {
			t.Errorf("%s %s: wording %q, data %s", c.action, c.params, a.Wording, a.Data)
		}
	}
}

// TestTemporarySessionNeedsItsGroup: the way to a permitted user leads through a group that is not.
func TestTemporarySessionNeedsItsGroup(t *testing.T) {
	w := newWorld()
	s := restricted(t, w, Policy{Groups: []protocol.GroupID{30003}})
	sent := listen(w)
	ask(t, s, "send_private_msg", `{"user_id":40004,"group_id":30004,"message":"x"}`).want(t, 1403, "FORBIDDEN")
	if len(*sent) != 0 {
		t.Errorf("sent %v", *sent)
	}
	ask(t, s, "send_private_msg", `{"user_id":40004,"group_id":30003,"message":"x"}`).want(t, 0, "")
}

// TestPermittedChats: a policy takes nothing away from what it permits, and lists show that only.
func TestPermittedChats(t *testing.T) {
	for _, e := range newWorld().registry(t).order {
		s := restricted(t, newWorld(), Policy{Groups: []protocol.GroupID{30003}, Users: []protocol.UserID{20002}})
		a := ask(t, s, e.name, e.example.params)
		a.want(t, 0, "")
		if string(a.Data) != e.example.data {
			t.Errorf("%s: data\n%s, the example says\n%s", e.name, a.Data, e.example.data)
		}
	}
	open := restricted(t, newWorld(), Policy{})
	for _, list := range []string{"get_group_list", "get_friend_list"} {
		if a := ask(t, open, list, `{}`); !strings.Contains(string(a.Data), "30004") && !strings.Contains(string(a.Data), "20005") {
			t.Errorf("%s without a policy: %s", list, a.Data)
		}
	}
	ask(t, open, "get_msg", `{"message_id":8}`).want(t, 0, "")
}

func TestActionRules(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		want   string // the actions permitted
	}{
		{Policy{Actions: ActionRules{Allow: []string{"send_*", "get_status"}}}, "get_status send_group_msg send_msg send_private_msg"},
		{
			Policy{Actions: ActionRules{Allow: []string{"send_*", "delete_msg"}, Deny: []string{"send_msg", "*_private_*"}}},
			"delete_msg send_group_msg",
		},
		{Policy{Actions: ActionRules{Deny: []string{"[^g]*", "get_g*"}}}, "get_friend_list get_login_info get_msg get_status get_stranger_info " +
			"get_supported_actions get_version_info"},
		{
			Policy{Preset: ReadOnly, Actions: ActionRules{Deny: []string{"get_*"}}}, "can_send_image can_send_record",
		},
		{Policy{Preset: ReadOnly, Actions: ActionRules{Allow: []string{"send_msg"}}}, ""},
	} {
		s := restricted(t, newWorld(), c.policy)
		var permitted []string
		for _, e := range s.registry.order {
			if a := ask(t, s, e.name, e.example.params); a.Retcode == 0 {
				permitted = append(permitted, e.name)
			} else {
				a.want(t, 1403, "FORBIDDEN")
			}
			if forbidden := ask(t, s, e.name+"_async", `{"group_id":[]}`).Retcode == 1403; forbidden == slices.Contains(permitted, e.name) {
				t.Errorf("%s_async differs from %s", e.name, e.name)
			}
		}
		slices.Sort(permitted)
		if got := strings.Join(permitted, " "); got != c.want {
			t.Errorf("%+v permits %q, want %q", c.policy, got, c.want)
		}
		if slices.Contains(permitted, "get_supported_actions") {
			var told []string
			if err := json.Unmarshal(ask(t, s, "get_supported_actions", `{}`).Data, &told); err != nil || !slices.Equal(told, permitted) {
				t.Errorf("get_supported_actions tells %v, permitted are %v (%v)", told, permitted, err)
			}
		}
	}
}

// TestReadOnlyChangesNothing plays every action that the preset permits; what the table calls reading must not send.
func TestReadOnlyChangesNothing(t *testing.T) {
	w := newWorld()
	s := restricted(t, w, Policy{Preset: ReadOnly})
	w.driver.send = func(context.Context, protocol.Chat, message.Message) (protocol.Message, error) {
		t.Error("something was sent")
		return protocol.Message{}, nil
	}
	w.driver.recall = func(context.Context, protocol.Ref) error { t.Error("something was recalled"); return nil }
	reads := 0
	for _, e := range s.registry.order {
		a := ask(t, s, e.name, e.example.params)
		if e.reads {
			reads++
			a.want(t, 0, "")
		} else {
			a.want(t, 1403, "FORBIDDEN")
		}
	}
	if reads == 0 || reads == len(s.registry.order) {
		t.Errorf("%d of %d actions only read", reads, len(s.registry.order))
	}
}

// TestUnvalidatedPolicyIsStrict: what Validate would have refused does not open anything.
func TestUnvalidatedPolicyIsStrict(t *testing.T) {
	for _, p := range []Policy{
		{Preset: "readonly"}, {Actions: ActionRules{Allow: []string{"[send_msg"}}}, {Actions: ActionRules{Deny: []string{"[send_msg"}}},
	} {
		s := newWorld().registry(t).Session("test", SessionOptions{SessionConfig: SessionConfig{Policy: p}})
		ask(t, s, "send_msg", `{"group_id":30003,"message":"x"}`).want(t, 1403, "FORBIDDEN")
	}
}

// TestGuardHasEveryAbility: an ability that the guard lacks would be lost to all endpoints.
func TestGuardHasEveryAbility(t *testing.T) {
	for _, e := range newWorld().registry(t).order {
		if e.needs.has != nil && !e.needs.has(guard{}) {
			t.Errorf("%s needs %s, which guard does not implement", e.name, e.needs.name)
		}
	}
}
