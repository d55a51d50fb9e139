package actions

import (
	"testing"
)

func TestSessionsAreExchanged(t *testing.T) {
	w := newWorld()
	open := map[string]SessionOptions{"a": {SessionConfig: DefaultSessionConfig()}, "b": {SessionConfig: DefaultSessionConfig()}}
	s := w.registry(t).Sessions(open)
	a, b := s.Endpoint("a"), s.Endpoint("b")
	if a == nil || b == nil || s.Endpoint("c") != nil {
		t.Fatal("the sessions are not those that were configured")
	}
	kept := b.current.Load()
	frame := []byte(`{"action":"send_group_msg","params":{"group_id":30003,"message":"x"},"echo":1}`)
	before := a.Accept(frame)
	closed := open["a"]
	closed.Policy.Preset = ReadOnly
	open["a"] = closed
	s.Configure(open)
	if s.Endpoint("a") != a || b.current.Load() != kept {
		t.Error("what did not change was exchanged")
	}
	parseAnswer(t, a.Accept(frame)(t.Context())).want(t, 1403, "FORBIDDEN")
	parseAnswer(t, before(t.Context())).want(t, 0, "")
}
