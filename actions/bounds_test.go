package actions

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestBytesInFlight: what is unanswered is bounded in bytes too, and answered calls give their bytes back.
func TestBytesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := newGate(w)
		r := w.registry(t)
		first := say(1, "hello")
		s := r.Session("small", SessionOptions{SessionConfig: SessionConfig{InFlightBytes: int64(2*len(first)) - 1}})
		done := make(chan []byte, 1)
		call := s.Accept(first)
		go func() { done <- call(t.Context()) }()
		synctest.Wait()
		a := parseAnswer(t, s.Accept(say(2, "world"))(t.Context()))
		a.want(t, 1429, "BUSY")
		if string(a.Echo) != `"world"` || !strings.Contains(a.Wording, "bytes") {
			t.Errorf("echo %s, wording %q", a.Echo, a.Wording)
		}
		// A shorter frame fits, and so does the same one at another endpoint.
		ask(t, s, "get_status", `{}`).want(t, 0, "")
		other := r.Session("other", SessionOptions{}).Accept(say(2, "world"))
		go func() { done <- other(t.Context()) }()
		for range 2 {
			g.pass <- struct{}{}
			parseAnswer(t, <-done).want(t, 0, "")
		}
		go func() { g.pass <- struct{}{} }()
		parseAnswer(t, s.Accept(say(2, "world"))(t.Context())).want(t, 0, "")
		// Longer than the bound by itself.
		ask(t, s, "get_status", `{"x":"`+strings.Repeat("x", 2*len(first))+`"}`).want(t, 1429, "BUSY")
		if s.inFlight.Load() != 0 || s.bytes.Load() != 0 {
			t.Errorf("%d calls and %d bytes are left", s.inFlight.Load(), s.bytes.Load())
		}
	})
}
