//go:build e2e

package e2e

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// summary is what a bot posts on "actions": what the framework made of the answers to a set of actions.
type summary struct {
	Login    []any    `json:"login"`    // get_login_info: user_id, nickname
	Groups   [][]any  `json:"groups"`   // get_group_list: group_id, group_name
	Members  [][]any  `json:"members"`  // get_group_member_list: user_id, role
	Member   []any    `json:"member"`   // get_group_member_info of who asks: user_id, nickname, card, role
	Stranger []any    `json:"stranger"` // get_stranger_info of who asks: user_id, nickname
	Friends  []any    `json:"friends"`  // get_friend_list: user_id
	Message  []any    `json:"message"`  // get_msg of the request: message_id, user_id of the sender, text
	History  []string `json:"history"`  // get_group_msg_history: the last texts of who asks
	Version  []any    `json:"version"`  // get_version_info: app_name, protocol_version
	Status   []any    `json:"status"`   // get_status: online, good
	Image    bool     `json:"image"`    // can_send_image: yes
	Unknown  int      `json:"unknown"`  // retcode of an action that does not exist
}

// expected is the world of testdata/world.yml as the account sees it when Ann asks in the lounge.
func expected(id int64) summary {
	return summary{
		Login:    []any{10001.0, "echo"},
		Groups:   [][]any{{30001.0, "Lounge"}, {30002.0, "Workers, [& friends]"}},
		Members:  [][]any{{10001.0, "member"}, {20001.0, "owner"}, {20002.0, "admin"}, {20003.0, "member"}},
		Member:   []any{20001.0, "Ann", "Ann of the Lounge", "owner"},
		Stranger: []any{20001.0, "Ann"},
		Friends:  []any{20001.0, 20002.0},
		Message:  []any{float64(id), 20001.0, "actions"},
		History:  []string{"one", "two", "actions"},
		Version:  []any{"go-cqhttp", "v11"},
		Status:   []any{true, true},
		Image:    false, // the driver does not send pictures yet, and says so
		Unknown:  1404,
	}
}

// actions lets both bots call a set of actions through their frameworks, and compares what those made of the answers.
func (s *stack) actions(t *testing.T) {
	s.say(t, ann, lounge, "one")
	s.say(t, ann, lounge, "two")
	l := s.say(t, ann, lounge, "actions")
	for _, b := range s.bots() {
		answer := s.await(t, l, b.name+": actions ")
		var got summary
		if err := json.Unmarshal([]byte(strings.TrimPrefix(answer.text(), b.name+": actions ")), &got); err != nil {
			t.Fatalf("%v in %q", err, answer.text())
		}
		want := expected(b.receivedID(t, "actions"))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s got\n%+v, want\n%+v", b.name, got, want)
		}
		if temporary := s.await(t, l, b.name+": temporary"); !temporary.Recalled {
			t.Errorf("%s deleted %q, but it stands in the world", b.name, temporary.text())
		}
	}
}
