package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

// picture is a frame of a bit more than 2 MiB. What is measured is per byte; BenchmarkLargeFrame has 64 MiB.
func picture(before, after string) []byte {
	return []byte(`{"action":"send_group_msg","params":{"group_id":30003,"message":` + before + strings.Repeat("QUJD", 512<<10) + after + `},"echo":1}`)
}

// copies is how often f allocates the bytes of frame.
func copies(frame []byte, f func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(frame))
}

// TestLargeFramesAreNotCopied: nothing of this package copies a picture. What a send costs beyond is the reading of
// segments in protocol/message.
func TestLargeFramesAreNotCopied(t *testing.T) {
	for _, form := range []struct {
		before, after string
		most          float64 // copies by message.Parse, which were measured
	}{
		{`[{"type":"image","data":{"file":"base64://`, `"}}]`, 8},
		{`"[CQ:image,file=base64://`, `]"`, 3},
	} {
		frame := picture(form.before, form.after)
		w := newWorld()
		w.driver.send = func(_ context.Context, _ protocol.Chat, body message.Message) (protocol.Message, error) {
			if len(body) != 1 || body[0].Type() != "image" {
				t.Errorf("%s is sent as %d segments", form.before, len(body))
			}
			return protocol.Message{}, &protocol.UnsendableError{Segment: "image", Reason: "not modelled"}
		}
		s := w.session(t)
		raw := frame[bytes.Index(frame, []byte(form.before)) : len(frame)-len(`},"echo":1}`)]
		parse := copies(frame, func() {
			if _, err := message.Parse(raw, false); err != nil {
				t.Error(err)
			}
		})
		var call Call
		accept := copies(frame, func() { call = s.Accept(frame) })
		rest := copies(frame, func() { parseAnswer(t, call(t.Context())).want(t, 1400, "PARAM_MESSAGE") })
		const slack = 0.03 // what is not the picture
		if accept > slack || rest > parse+slack || rest > form.most+slack {
			t.Errorf("%s: Accept copies the frame %.3f times, the call %.3f times, message.Parse %.3f of them", form.before, accept, rest, parse)
		}
	}
}

func TestLargeBadFrames(t *testing.T) {
	s := newWorld().session(t)
	long := strings.Repeat("x", longString)
	for _, c := range []struct{ name, params, msg string }{
		{"good", `{"group_id":1,"message":"` + long + `"}`, ""},
		{"good, escaped", `{"group_id":1,"message":"` + long + `\n"}`, ""},
		{"bad escape", `{"group_id":1,"message":"` + long + `\x"}`, "BAD_FRAME"},
		{"control character", `{"group_id":1,"message":"` + long + "\n" + `"}`, "BAD_FRAME"},
		{"before it", `{"group_id":01,"message":"` + long + `"}`, "BAD_FRAME"},
		{"behind it", `{"group_id":1,"message":"` + long + `"x}`, "BAD_FRAME"},
		{"not closed", `{"group_id":1,"message":"` + long + `}`, "BAD_FRAME"},
		{"twice", `{"group_id":1,"message":"` + long + `","message":"` + long + `"}`, "PARAM_MESSAGE"},
	} {
		if a := ask(t, s, "send_group_msg", c.params); a.Msg != c.msg {
			t.Errorf("%s: answered %d %s", c.name, a.Retcode, a.Msg)
		}
	}
}

// TestPlainStrings tries every byte at every place of a word.
func TestPlainStrings(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			inside := bytes.Repeat([]byte("\xff "), 10)
			inside[at] = byte(c)
			if want := c >= ' ' && c != '\\'; isPlain(inside) != want {
				t.Errorf("byte %#x at %d: plain is %v", c, at, !want)
			}
		}
	}
}

// FuzzOutline: leaving strings out makes no bad frame good, and no good one bad.
func FuzzOutline(f *testing.F) {
	for _, seed := range []string{
		`{"a":"abcdef","b":["abc\"def","\\","ab` + "\x01" + `cdef"]}`, `{"a":"abcdef`, `"abcdef""abcdef"`, `{"abcdef":"abcdef\"}`, `{"a":abcdef"}`, `\"abcdef"`,
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, frame []byte, long int) {
		if short := outline(frame, max(long, 2)); json.Valid(short) != json.Valid(frame) || len(short) > len(frame) {
			t.Fatalf("%q becomes %q", frame, short)
		}
	})
}
