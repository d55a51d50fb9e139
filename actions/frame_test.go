package actions

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseFrame(t *testing.T) {
	for _, c := range []struct{ name, frame, action, params, echo string }{
		{"all parts", `{"action":"a","params":{"x":1},"echo":"e"}`, "a", `{"x":1}`, `"e"`},
		{"white space", " {\r\n\t\"action\" : \"a\" , \"params\" : { } , \"echo\" : [ 1 ] } ", "a", "{ }", "[ 1 ]"},
		{"no params, no echo", `{"action":"a"}`, "a", "", ""},
		{"null params, null echo", `{"params":null,"echo":null,"action":"a"}`, "a", "", "null"},
		{"braces and quotes in strings", `{"params":{"m":"}]\"\\"},"action":"\u0061","echo":"\"}"}`, "a", `{"m":"}]\"\\"}`, `"\"}"`},
		{"other members", `{"x":{"action":"b","echo":1},"action":"a","self_id":5,"Echo":2}`, "a", "", ""},
		{"echo as it was written", `{"action":"a","echo":{"b":1.50e+2,"a":"<\u003c\ud800>"}}`, "a", "", `{"b":1.50e+2,"a":"<\u003c\ud800>"}`},
		{"escaped key", `{"\u0061ction":"a","ech\u006f":1}`, "a", "", "1"},
	} {
		r, err := parseFrame([]byte(c.frame))
		if err != nil || r.action != c.action || string(r.params) != c.params || string(r.echo) != c.echo {
			t.Errorf("%s: %q %q %q %v", c.name, r.action, r.params, r.echo, err)
		}
	}
}

func TestBadFrames(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	for _, c := range []struct{ name, frame, echo string }{
		{"empty", ``, ``},
		{"space", ` `, ``},
		{"not JSON", `hello`, ``},
		{"null", `null`, ``},
		{"number", `1`, ``},
		{"string", `"{}"`, ``},
		{"array", `[{"action":"get_status","echo":1}]`, ``},
		{"empty object", `{}`, ``},
		{"no action", `{"params":{},"echo":1}`, `1`},
		{"action is a number", `{"action":1,"echo":"e"}`, `"e"`},
		{"action is null", `{"action":null,"echo":"e"}`, `"e"`},
		{"action is an object", `{"action":{},"echo":"e"}`, `"e"`},
		{"params is an array", `{"action":"get_status","params":[],"echo":"e"}`, `"e"`},
		{"params is a string", `{"action":"get_status","params":"{}","echo":"e"}`, `"e"`},
		{"params is a number", `{"action":"get_status","params":1e400,"echo":"e"}`, `"e"`},
		{"cut short after the echo", `{"action":"get_status","echo":{"a":1},"params":{"x":`, `{"a":1}`},
		{"cut short in the echo", `{"action":"get_status","echo":"abc`, ``},
		{"cut short after an escape", `{"action":"get_status","echo":"abc\`, ``},
		{"only a brace", `{`, ``},
		{"only a key", `{"echo"`, ``},
		{"a bad value before the echo", `{"action":get_status,"echo":7}`, `7`},
		{"a bad echo", `{"action":"get_status","echo":01}`, ``},
		{"two values", `{"action":"get_status","echo":1}{"action":"get_status","echo":2}`, `1`},
		{"trailing comma", `{"action":"get_status","echo":1,}`, `1`},
		{"single quotes", `{'action':'get_status','echo':1}`, ``},
		{"deep nesting", `{"action":"get_status","echo":1,"params":` + deep, `1`},
		{"deep echo", `{"action":"get_status","echo":` + deep + strings.Repeat("]", len(deep)) + `}`, ``},
		{"not UTF-8", "{\"action\":\"get_status\",\"echo\":1,\"params\":{\"x\":\"\xff\"}}", `1`},
		{"echo not UTF-8", "{\"action\":\"get_status\",\"echo\":\"\xff\"}", ``},
		{"NUL", "{\"action\":\"get_\x00status\",\"echo\":1}", `1`},
		{"action twice", `{"action":"get_status","action":"send_msg","echo":1}`, `1`},
		{"params twice", `{"action":"get_status","params":{},"params":{},"echo":1}`, `1`},
		{"echo twice", `{"action":"get_status","echo":1,"echo":2}`, `1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newWorld().session(t)
			a := parseAnswer(t, s.Accept([]byte(c.frame))(t.Context()))
			a.want(t, 1400, "BAD_FRAME")
			if string(a.Echo) != c.echo {
				t.Errorf("echo %s, want %s", a.Echo, c.echo)
			}
			// What came does not harm what comes next.
			ask(t, s, "get_status", "null").want(t, 0, "")
		})
	}
}

// TestAnswerBytes fixes the order of keys and the presence of echo.
func TestAnswerBytes(t *testing.T) {
	s := newWorld().session(t)
	for _, c := range []struct{ frame, want string }{
		{`{"action":"can_send_image"}`, `{"status":"ok","retcode":0,"data":{"yes":false},"message":""}`},
		{`{"action":"can_send_image","echo":null}`, `{"status":"ok","retcode":0,"data":{"yes":false},"message":"","echo":null}`},
		{`{"action":"delete_msg","params":{"message_id":"7"},"echo":-1}`, `{"status":"ok","retcode":0,"data":null,"message":"","echo":-1}`},
		{
			`{"action":"no<such","echo":{"seq":5}}`,
			`{"status":"failed","retcode":1404,"data":null,"message":"there is no action \"no<such\"","msg":"API_NOT_FOUND",` +
				`"wording":"there is no action \"no<such\"","echo":{"seq":5}}`,
		},
	} {
		if got := s.Accept([]byte(c.frame))(t.Context()); string(got) != c.want {
			t.Errorf("%s is answered\n%s, want\n%s", c.frame, got, c.want)
		}
	}
}

// FuzzAccept: whatever comes in, one JSON object in UTF-8 goes out, with the echo as it was written.
func FuzzAccept(f *testing.F) {
	for _, e := range newWorld().registry(f).order {
		f.Add([]byte(`{"action":"` + e.name + `","params":` + e.example.params + `,"echo":{"seq":1}}`))
	}
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"echo":1`, `{"action":"get_msg","params":{"message_id":1e400},"echo":"\ud800"}`,
		`{"action":"send_msg","params":{"user_id":1180591620717411303424,"message":"x"},"echo":[1,{"a":null}]}`,
		`{"action":"send_group_msg","params":{"group_id":30003,"message":[{"type":"at","data":{"qq":"x"}}]},"echo":1.0}`,
		"{\"action\":\"get_msg\",\"echo\":\"\xff\"}", `{"action":"\u0000_async","echo":"` + strings.Repeat(`\\\"`, 20) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	s := newWorld().session(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		sent := bytes.Clone(frame)
		got := s.Accept(frame)(t.Context())
		var a map[string]json.RawMessage
		if err := json.Unmarshal(got, &a); err != nil || !utf8.Valid(got) {
			t.Fatalf("answer %q: %v", got, err)
		}
		if _, ok := a["post_type"]; ok || (string(a["status"]) == `"ok"`) != (string(a["retcode"]) == "0") || a["data"] == nil {
			t.Fatalf("answer %s", got)
		}
		if !bytes.Equal(frame, sent) {
			t.Fatal("the frame was changed")
		}
		// The standard library reads the frame by its own ways; a map keeps the last of a doubled key.
		var parts map[string]json.RawMessage
		if !utf8.Valid(frame) || json.Unmarshal(frame, &parts) != nil || strings.Contains(string(got), "is given twice") {
			return
		}
		if echo, ok := parts["echo"]; ok && !bytes.HasSuffix(got, append([]byte(`"echo":`), append(echo, '}')...)) {
			t.Fatalf("echo %s in answer %s", echo, got)
		} else if !ok && a["echo"] != nil {
			t.Fatalf("echo in answer %s, none in the frame", got)
		}
	})
}
