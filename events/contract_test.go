package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"
)

// rule is a JSON type that frameworks insist on. They are NoneBot's models under pydantic 2, the strictest, and what
// ZeroBot, Koishi and SealDice read without checking.
type rule func(v any) bool

func isInt(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	_, err := n.Int64()
	return err == nil
}

func isString(v any) bool { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isNull(v any) bool   { return v == nil }

func oneOf(words ...string) rule {
	return func(v any) bool {
		s, ok := v.(string)
		for _, w := range words {
			if ok && s == w {
				return true
			}
		}
		return false
	}
}

// object has exactly the keys of want; a key with a "?" may be missing.
func object(want map[string]rule) rule {
	return func(v any) bool {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		seen := 0
		for key, r := range want {
			name, optional := strings.CutSuffix(key, "?")
			member, there := m[name]
			if there {
				seen++
			}
			if there && !r(member) || !there && !optional {
				return false
			}
		}
		return seen == len(m)
	}
}

// isContent is a CQ string, or a list of segments whose data are strings: some frameworks fail on data that is missing.
func isContent(v any) bool {
	segments, ok := v.([]any)
	if !ok {
		return isString(v)
	}
	for _, s := range segments {
		segment, ok := s.(map[string]any)
		if !ok || len(segment) != 2 || !isString(segment["type"]) {
			return false
		}
		data, ok := segment["data"].(map[string]any)
		if !ok {
			return false
		}
		for _, value := range data {
			if !isString(value) {
				return false
			}
		}
	}
	return true
}

func with(more map[string]rule, base ...map[string]rule) map[string]rule {
	all := map[string]rule{}
	for _, m := range append(base, more) {
		maps.Copy(all, m)
	}
	return all
}

// contract is the shape of every kind of event, by post_type and the kind's own name.
func contract() map[string]rule {
	common := map[string]rule{"time": isInt, "self_id": isInt, "post_type": isString}
	anyMessage := with(map[string]rule{
		"message_id": isInt, "user_id": isInt, "message": isContent, "raw_message": isString, "font": isInt,
	}, common)
	group := object(with(map[string]rule{
		"message_type": oneOf("group"), "sub_type": oneOf("normal"), "group_id": isInt, "message_seq": isInt, "anonymous": isNull,
		"sender": object(map[string]rule{
			"user_id": isInt, "nickname": isString, "card": isString, "sex": oneOf("male", "female", "unknown"), "age": isInt,
			"area": isString, "level": isString, "role": oneOf("owner", "admin", "member"), "title": isString,
		}),
	}, anyMessage))
	private := object(with(map[string]rule{
		"message_type": oneOf("private"), "sub_type": oneOf("friend", "group"), "target_id?": isInt, "temp_source?": isInt,
		"sender": object(map[string]rule{
			"user_id": isInt, "nickname": isString, "sex": oneOf("male", "female", "unknown"), "age": isInt, "group_id?": isInt,
		}),
	}, anyMessage))
	status := object(map[string]rule{
		"app_initialized": isBool, "app_enabled": isBool, "plugins_good": isBool, "app_good": isBool, "online": isBool, "good": isBool,
		"stat": object(map[string]rule{
			"packet_received": isInt, "packet_sent": isInt, "packet_lost": isInt, "message_received": isInt, "message_sent": isInt,
			"disconnect_times": isInt, "lost_times": isInt, "last_message_time": isInt,
		}),
	})
	recall := with(map[string]rule{"notice_type": isString, "user_id": isInt, "message_id": isInt}, common)
	return map[string]rule{
		"message/group":        group,
		"message/private":      private,
		"message_sent/group":   group,
		"message_sent/private": private,
		"notice/group_recall":  object(with(map[string]rule{"group_id": isInt, "operator_id": isInt}, recall)),
		"notice/friend_recall": object(recall),
		"meta_event/lifecycle": object(with(map[string]rule{"meta_event_type": isString, "sub_type": oneOf("connect")}, common)),
		"meta_event/heartbeat": object(with(map[string]rule{"meta_event_type": isString, "interval": isInt, "status": status}, common)),
	}
}

// checkEvent says what a framework would dislike about an event.
func checkEvent(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var event map[string]any
	if err := d.Decode(&event); err != nil || event == nil {
		return fmt.Errorf("not an object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	if _, ok := event["echo"]; ok {
		return errors.New("looks like an answer")
	}
	var kinds []string
	for _, key := range []string{"message_type", "notice_type", "request_type", "meta_event_type"} {
		if kind, ok := event[key].(string); ok && kind != "" {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		return fmt.Errorf("kinds %v, want one", kinds)
	}
	name := fmt.Sprintf("%v/%s", event["post_type"], kinds[0])
	shape, ok := contract()[name]
	if !ok {
		return fmt.Errorf("no such kind of event: %s", name)
	}
	if !shape(event) {
		return fmt.Errorf("%s is not as frameworks want it", name)
	}
	return nil
}

func TestContract(t *testing.T) {
	kinds := map[string]bool{}
	for name, e := range samples() {
		for format, raw := range map[string][]byte{"array": e.Array, "string": e.String} {
			if err := checkEvent(raw); err != nil {
				t.Errorf("%s as %s: %v\n%s", name, format, err, raw)
			}
		}
		var event published
		if err := json.Unmarshal(e.Array, &event); err != nil {
			t.Fatal(err)
		}
		kinds[event.PostType+"/"+event.MessageType+event.NoticeType+event.MetaEventType] = true
	}
	for kind := range contract() {
		if !kinds[kind] {
			t.Errorf("no sample of %s", kind)
		}
	}
}

// TestContractNotices proves that the check above can fail.
func TestContractNotices(t *testing.T) {
	good := string(samples()["message_group"].Array)
	for _, change := range [][2]string{
		{`"level":"7"`, `"level":7`},
		{`"time":1700000000`, `"time":1.5`},
		{`"self_id":10000`, `"self_id":"10000"`},
		{`"sub_type":"normal"`, `"sub_type":null`},
		{`"anonymous":null`, `"anonymous":{}`},
		{`"font":0,`, ``},
		{`"font":0`, `"font":0,"echo":1`},
		{`"font":0`, `"font":0,"notice_type":"x"`},
		{`"data":{"id":"14"}`, `"data":null`},
		{`"data":{"id":"14"}`, `"data":{"id":14}`},
		{`"post_type":"message"`, `"post_type":"request"`},
		{`{"time"`, `[{"time"`},
		{`]}`, `]}{}`},
		{`Alice`, "\xff"},
	} {
		changed := strings.Replace(good, change[0], change[1], 1)
		if changed == good {
			t.Fatalf("%q is not in %s", change[0], good)
		}
		if checkEvent([]byte(changed)) == nil {
			t.Errorf("%q instead of %q was accepted", change[1], change[0])
		}
	}
}
