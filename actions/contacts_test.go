package actions

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"echogate/protocol"
)

func TestFreshness(t *testing.T) {
	for _, c := range []struct{ action, params string }{
		{"get_friend_list", `{`},
		{"get_group_list", `{`},
		{"get_group_info", `{"group_id":30003,`},
		{"get_group_member_info", `{"group_id":30003,"user_id":20002,`},
		{"get_group_member_list", `{"group_id":30003,`},
	} {
		var fresh []bool
		w := newWorld()
		friends, groups, members := w.driver.friends, w.driver.groups, w.driver.members
		w.driver.friends = func(f bool) ([]protocol.Friend, error) { fresh = append(fresh, f); return friends(f) }
		w.driver.groups = func(f bool) ([]protocol.GroupInfo, error) { fresh = append(fresh, f); return groups(f) }
		w.driver.members = func(g protocol.GroupID, f bool) ([]protocol.Member, error) {
			fresh = append(fresh, f)
			return members(g, f)
		}
		s := w.session(t)
		for _, end := range []string{`"x":1}`, `"no_cache":true}`, `"no_cache":"false"}`, `"no_cache":null}`} {
			ask(t, s, c.action, c.params+end).want(t, 0, "")
		}
		if want := []bool{false, true, false, false}; !slices.Equal(fresh, want) {
			t.Errorf("%s asked for fresh %v, want %v", c.action, fresh, want)
		}
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	w := newWorld()
	w.driver.friends = func(bool) ([]protocol.Friend, error) { return nil, nil }
	w.driver.groups = func(bool) ([]protocol.GroupInfo, error) { return nil, nil }
	w.driver.members = func(protocol.GroupID, bool) ([]protocol.Member, error) { return nil, nil }
	s := w.session(t)
	for _, action := range []string{"get_friend_list", "get_group_list", "get_group_member_list"} {
		if a := ask(t, s, action, `{"group_id":30003}`); string(a.Data) != "[]" {
			t.Errorf("%s: %s", action, a.Data)
		}
	}
}

func TestMissingContacts(t *testing.T) {
	s := newWorld().session(t)
	ask(t, s, "get_stranger_info", `{"user_id":5}`).want(t, 102, "USER_NOT_FOUND")
	ask(t, s, "get_group_info", `{"group_id":5}`).want(t, 102, "GROUP_NOT_FOUND")
	ask(t, s, "get_group_member_list", `{"group_id":5}`).want(t, 102, "GROUP_NOT_FOUND")
	ask(t, s, "get_group_member_info", `{"group_id":30003,"user_id":5}`).want(t, 102, "MEMBER_NOT_FOUND")
}

func TestLoginInfo(t *testing.T) {
	w := newWorld()
	s := w.session(t)
	w.driver.status = func() protocol.Status { return protocol.Status{} }
	ask(t, s, "get_login_info", `{}`).want(t, 1503, "OFFLINE")
	// Offline for a moment, but known.
	w.driver.status = func() protocol.Status {
		return protocol.Status{Self: protocol.Account{UserID: 10001, Nickname: "Echo"}}
	}
	if a := ask(t, s, "get_login_info", `{}`); string(a.Data) != `{"user_id":10001,"nickname":"Echo"}` {
		t.Errorf("data %s", a.Data)
	}
}

func TestClientNumbers(t *testing.T) {
	var got []int
	for client := range 8 {
		got = append(got, documentedClient(client))
	}
	if want := []int{-1, 1, 2, 3, 4, 0, -1, -1}; !slices.Equal(got, want) {
		t.Errorf("documented clients %v, want %v", got, want)
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || !slices.Contains(names, "send_msg") {
		t.Errorf("names %v", names)
	}
	if bound := slices.Sorted(maps.Keys(newWorld().registry(t).actions)); !reflect.DeepEqual(bound, names) {
		t.Errorf("the registry has %v, the table %v", bound, names)
	}
}
