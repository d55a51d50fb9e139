package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// TestAnswersHaveTheDocumentedFields plays every action against the sandbox and compares the fields of its answer with
// the table in actions/API.md.
func TestAnswersHaveTheDocumentedFields(t *testing.T) {
	b := newBot(t)
	h := simulate(t, sandbox.Default(), connectTo("bot", b.url))
	b.waitConnected(t, 1)
	said, err := h.World.SayGroup(20001, 30001, 0, message.Message{message.Text{Text: "hi"}})
	if err != nil {
		t.Fatal(err)
	}
	var id int32
	b.wait(t, "the message", func(frames []frame) bool {
		for _, f := range frames {
			if f.MessageType == "group" {
				id = f.MessageID
			}
		}
		return id != 0
	})
	page, err := os.ReadFile("actions/API.md")
	if err != nil {
		t.Fatal(err)
	}
	group := map[string]any{"group_id": 30001}
	params := map[string]map[string]any{
		"send_private_msg": {"user_id": 20001, "message": "a"}, "send_group_msg": {"group_id": 30001, "message": "b"},
		"send_msg": {"group_id": 30001, "message": "c"}, "get_msg": {"message_id": id}, "get_group_info": group,
		"get_group_member_list": group, "get_group_msg_history": {"group_id": 30001, "message_seq": said.Seq},
		"get_group_member_info": {"group_id": 30001, "user_id": 20004}, "get_stranger_info": {"user_id": 20005},
	}
	params["delete_msg"] = map[string]any{"message_id": 0}
	for _, name := range regexp.MustCompile(`(?m)^## ([a-z_]+)$`).FindAllStringSubmatch(string(page), -1) {
		action := name[1]
		if action == "delete_msg" {
			sent := b.call(t, "send_group_msg", params["send_group_msg"], "to be deleted")
			var data map[string]any
			if err := json.Unmarshal(sent.Data, &data); err != nil {
				t.Fatal(err)
			}
			params[action] = data
		}
		answer := b.call(t, action, params[action], "shape of "+action)
		if answer.Status != "ok" {
			t.Errorf("%s: %s", action, answer.raw)
			continue
		}
		_, section, _ := strings.Cut(string(page), "\n## "+action+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		_, section, _ = strings.Cut(section, "\nData: ")
		documented := map[string]bool{}
		for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
			documented[strings.TrimPrefix(row[1], "[].")] = true
		}
		actual := map[string]bool{}
		var data any
		if err := json.Unmarshal(answer.Data, &data); err != nil {
			t.Fatal(err)
		}
		flatten(data, "", documented, actual)
		if !maps.Equal(actual, documented) {
			t.Errorf("%s\n  answers %v\n  but documents %v", action, slices.Sorted(maps.Keys(actual)), slices.Sorted(maps.Keys(documented)))
		}
	}
}

// flatten collects the paths of all members, into objects as far as they are documented and into the first element of
// lists of them.
func flatten(value any, path string, documented, into map[string]bool) {
	switch value := value.(type) {
	case []any:
		if _, objects := at(value, 0).(map[string]any); objects && (path == "" || documents(documented, path)) {
			flatten(value[0], path, documented, into)
		}
	case map[string]any:
		for key, member := range value {
			if path != "" {
				key = path + "." + key
			}
			into[key] = true
			if documents(documented, key) {
				flatten(member, key, documented, into)
			}
		}
	}
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func documents(documented map[string]bool, path string) bool {
	for key := range documented {
		if strings.HasPrefix(key, path+".") || strings.HasPrefix(key, path+"[].") {
			return true
		}
	}
	return false
}

// TestNothingLeavesTowardQQ runs the demo with a resolver and a dialer that record and refuse: neither MiraiGo nor the
// daemon may look anything up, or dial anything but loopback.
func TestNothingLeavesTowardQQ(t *testing.T) {
	var mu sync.Mutex
	var tried []string
	refuse := func(what string) error {
		mu.Lock()
		defer mu.Unlock()
		tried = append(tried, what)
		return errors.New("the test allows loopback only")
	}
	resolver, transport := net.DefaultResolver, http.DefaultTransport
	t.Cleanup(func() { net.DefaultResolver, http.DefaultTransport = resolver, transport })
	net.DefaultResolver = &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		return nil, refuse("DNS " + address)
	}}
	recording := transport.(*http.Transport).Clone()
	recording.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return nil, refuse("dial " + address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	http.DefaultTransport = recording

	var out, errs strings.Builder
	if code := run(t.Context(), []string{"demo"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), errs.String())
	}
	if len(tried) > 0 {
		t.Errorf("toward the network: %v", tried)
	}
	if _, err := net.DefaultResolver.LookupIPAddr(t.Context(), "msfwifi.3g.qq.com"); err == nil || len(tried) == 0 {
		t.Error("the recording resolver does not record")
	}
}
