package control_test

import (
	"testing"
	"time"

	"echogate/protocol/sandbox"
)

func TestStatus(t *testing.T) {
	newStage(t).must(t, "GET", "/status", "", `{"sessions":[{"user":10001,"online":true,"remote":"127.0.0.1:50000","since":1700000000}],
		"unanswered":["Some.Cmd"],"refused_egress":[]}`)
}

func TestFaults(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		body, answer string
		want         sandbox.Faults
	}{
		{`{}`, `{"delay_replies":"0s","refuse_sends":0,"stall":false,"dropped":0}`, sandbox.Faults{}},
		{
			`{"delay_replies":"2s"}`, `{"delay_replies":"2s","refuse_sends":0,"stall":false,"dropped":0}`,
			sandbox.Faults{DelayReplies: 2 * time.Second},
		},
		{
			`{"refuse_sends":120,"stall":true,"delay_replies":null}`, `{"delay_replies":"2s","refuse_sends":120,"stall":true,"dropped":0}`,
			sandbox.Faults{DelayReplies: 2 * time.Second, RefuseSends: 120, Stall: true},
		},
		{
			`{"stall":false,"refuse_sends":0,"drop_connection":10001}`, `{"delay_replies":"2s","refuse_sends":0,"stall":false,"dropped":1}`,
			sandbox.Faults{DelayReplies: 2 * time.Second},
		},
		{`{"delay_replies":"0s"}`, `{"delay_replies":"0s","refuse_sends":0,"stall":false,"dropped":0}`, sandbox.Faults{}},
		{`{"drop_connection":20001}`, `{"delay_replies":"0s","refuse_sends":0,"stall":false,"dropped":0}`, sandbox.Faults{}},
		{`{"drop_connection":true}`, `{"delay_replies":"0s","refuse_sends":0,"stall":false,"dropped":3}`, sandbox.Faults{}},
	} {
		s.must(t, "POST", "/faults", tt.body, tt.answer)
		equal(t, s.server.Faults(), tt.want)
	}
	equal(t, s.server.told, []string{"drop"})
	s.mustFail(t, "POST", "/faults", `{"drop_connection":5}`, 404, "user 5 does not exist")

	s.must(t, "POST", "/faults", `{"stall":true,"refuse_sends":1}`, "")
	s.must(t, "DELETE", "/faults", "", `{}`)
	equal(t, s.server.Faults(), sandbox.Faults{})
}

func TestEndSessions(t *testing.T) {
	s := newStage(t)
	s.must(t, "POST", "/offline", `{"user":10001,"reason":"elsewhere"}`, `{}`)
	s.must(t, "POST", "/expire", `{"user":10001}`, `{}`)
	equal(t, s.server.told, []string{"offline elsewhere", "expire"})
	s.mustFail(t, "POST", "/offline", `{"user":20001}`, 409, errOffline.Error())
	s.mustFail(t, "POST", "/expire", `{"user":20001}`, 409, errOffline.Error())
	s.mustFail(t, "POST", "/expire", `{"user":5}`, 404, "user 5 does not exist")
}
