package main

import (
	"fmt"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/protocoltest/racelist"
)

// TestBurstArrivesCompleteAndInOrder pushes 50,000 messages at once through MiraiGo, which shuffles them, to two
// endpoints in both formats.
func TestBurstArrivesCompleteAndInOrder(t *testing.T) {
	const groups = 10
	total := 50_000
	if racelist.Detecting() {
		total = 5_000 // SQLite, translated to Go, is some ten times slower under the detector
	}
	world := manyGroups(t, groups)
	arrays, strs := newBot(t), newBot(t)
	second := connectTo("strings", strs.url)
	second.Format = "string"
	simulate(t, world, connectTo("arrays", arrays.url), second)
	arrays.waitConnected(t, 1)
	strs.waitConnected(t, 1)

	ids := make([]protocol.GroupID, groups)
	for i := range ids {
		ids[i] = protocol.GroupID(firstGroup + i)
	}
	if _, err := world.Burst(20001, ids, total, "burst"); err != nil {
		t.Fatal(err)
	}
	isMessage := func(f frame) bool { return f.MessageType == "group" }
	for name, b := range map[string]*bot{"arrays": arrays, "strings": strs} {
		frames := b.wait(t, name+": burst", func([]frame) bool { return b.groupMessages() >= total })
		next := map[int64]int{}
		seen := map[int32]bool{}
		for _, f := range frames {
			if !isMessage(f) {
				continue
			}
			next[f.GroupID]++
			if suffix := fmt.Sprintf(" #%d/%d", f.GroupID, next[f.GroupID]); !strings.HasSuffix(f.RawMessage, suffix) {
				t.Fatalf("%s: got %q where the message ending in %q was due", name, f.RawMessage, suffix)
			}
			if seen[f.MessageID] {
				t.Fatalf("%s: message_id %d came twice", name, f.MessageID)
			}
			seen[f.MessageID] = true
		}
		if len(seen) != total || len(next) != groups {
			t.Errorf("%s: %d messages in %d groups", name, len(seen), len(next))
		}
	}
}

// TestBadInputIsAnswered sends what no framework should and demands a clear failed answer with the same echo, and a
// link that stays up.
func TestBadInputIsAnswered(t *testing.T) {
	b := newBot(t)
	simulate(t, manyGroups(t, 1), connectTo("bot", b.url))
	b.waitConnected(t, 1)
	for i, c := range []struct {
		frame   string // %s is the echo
		retcode int
		words   string // part of the wording
	}{
		{`{"action":"no_such_action","params":{},"echo":%s}`, 1404, "no_such_action"},
		{`{"action":"","echo":%s}`, 1404, ""},
		{`{"action":5,"echo":%s}`, 1400, "action"},
		{`{"params":{},"echo":%s}`, 1400, "action"},
		{`{"action":"send_group_msg","params":[1],"echo":%s}`, 1400, "params"},
		{`{"action":"send_group_msg","params":{"group_id":"abc","message":"x"},"echo":%s}`, 1400, "group_id"},
		{`{"action":"send_group_msg","params":{"group_id":null,"message":"x"},"echo":%s}`, 1400, "group_id"},
		{`{"action":"send_group_msg","params":{"group_id":1e300,"message":"x"},"echo":%s}`, 1400, "group_id"},
		{`{"action":"send_group_msg","params":{"group_id":99999999999999999999999,"message":"x"},"echo":%s}`, 1400, "group_id"},
		{`{"action":"send_group_msg","params":{"group_id":{},"message":"x"},"echo":%s}`, 1400, "group_id"},
		{`{"action":"send_group_msg","params":{"group_id":40001},"echo":%s}`, 1400, "message"},
		{`{"action":"send_group_msg","params":{"group_id":40001,"message":null},"echo":%s}`, 1400, "message"},
		{`{"action":"send_group_msg","params":{"group_id":40001,"message":[]},"echo":%s}`, 1400, "message"},
		{`{"action":"send_group_msg","params":{"group_id":40001,"message":[{"type":"hologram","data":{}}]},"echo":%s}`, 1400, "hologram"},
		{`{"action":"send_group_msg","params":{"group_id":40001,"message":"[CQ:at,qq=nobody]"},"echo":%s}`, 1400, "at"},
		{`{"action":"send_group_msg","params":{"group_id":40001,"message":"[CQ:reply,id=123456]x"},"echo":%s}`, 102, ""},
		{`{"action":"send_group_msg","params":{"group_id":49999,"message":"x"},"echo":%s}`, 102, ""},
		{`{"action":"send_private_msg","params":{"user_id":29999,"message":"x"},"echo":%s}`, 102, ""},
		{`{"action":"get_msg","params":{"message_id":2147483648},"echo":%s}`, 1400, "message_id"},
		{`{"action":"get_msg","params":{"message_id":-7},"echo":%s}`, 102, ""},
		{`{"action":"get_group_member_info","params":{"group_id":40001,"user_id":29999},"echo":%s}`, 102, ""},
		{`{"action":"get_group_list","params":{"no_cache":"perhaps"},"echo":%s}`, 1400, "no_cache"},
	} {
		for _, echo := range []string{fmt.Sprintf("%q", fmt.Sprint("bad-", i)), fmt.Sprintf(`{"seq":%d,  "x":[1e2]}`, i)} {
			b.send(t, fmt.Sprintf(c.frame, echo))
			got := b.answer(t, echo)
			if got.Status != "failed" || got.Retcode != c.retcode || got.Wording == "" || !strings.Contains(got.Wording, c.words) || string(got.Data) != "null" {
				t.Errorf("%s\nanswered %s\nwant retcode %d with %q", c.frame, got.raw, c.retcode, c.words)
			}
		}
	}
	for _, garbage := range []string{"", "null", "[]", "5", `"x"`, "{", `{"action":`, strings.Repeat("[", 100_000), strings.Repeat("x", 1<<20), "{\"action\":\"get_status\",\"echo\":\"\xff\"}"} {
		before := len(b.wait(t, "frames", func([]frame) bool { return true }))
		b.send(t, garbage)
		answered := func(f frame) bool { return f.PostType == "" }
		frames := b.wait(t, fmt.Sprintf("answer to %.20q", garbage), func(frames []frame) bool { return count(frames[before:], answered) > 0 })
		for _, f := range frames[before:] {
			if answered(f) && (f.Status != "failed" || f.Retcode != 1400) {
				t.Errorf("%.20q answered %s", garbage, f.raw)
			}
		}
	}
	if got := b.call(t, "get_status", nil, "still here"); got.Status != "ok" {
		t.Errorf("after all that: %s", got.raw)
	}
	lifecycles := b.wait(t, "frames", func([]frame) bool { return true })
	if n := count(lifecycles, func(f frame) bool { return f.MetaType == "lifecycle" }); n != 1 {
		t.Errorf("the link was opened %d times", n)
	}
}

// TestEndpointsConfigured proves that a daemon without endpoints says so.
func TestEndpointsConfigured(t *testing.T) {
	var out, errs strings.Builder
	path := writeConfig(t, "endpoints: []")
	if code := run(t.Context(), []string{"run", "--config", path}, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "no endpoints") {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
