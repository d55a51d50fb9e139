package control_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"echogate/protocol/message"
)

// FuzzBodies sends any body to any call: the answer is always JSON, and what was taken was JSON.
func FuzzBodies(f *testing.F) {
	paths := []string{"/say", "/recall", "/burst", "/faults", "/offline", "/expire"}
	for i, body := range []string{
		`{"from":20001,"group":30001,"message":"[CQ:at,qq=10001] hi"}`,
		`{"group":30001,"seq":1,"by":20001}`,
		`{"groups":[30001,30002],"count":3,"text":"x"}`,
		`{"drop_connection":true,"delay_replies":"1s","refuse_sends":120,"stall":false}`,
		`{"user":10001,"reason":"x"}`,
		`{"user":10001}`,
		`{"from":20001,"to":10001,"message":[{"type":"text","data":{"text":"\ud800"}},{"type":"reply","data":{"id":1}}]}`,
		"{\"from\": 1e3, \"from\":null,\t\"message\":[[[[",
		"{\"\x00\":{}}",
	} {
		f.Add(i%len(paths), []byte(body))
	}
	f.Fuzz(func(t *testing.T, call int, body []byte) {
		if uint(call) >= uint(len(paths)) || len(body) > 1<<10 {
			return
		}
		s := newStage(t)
		status, answer := s.call(t, http.MethodPost, paths[call], string(body))
		switch text, _ := answer["error"].(string); {
		case status == http.StatusOK:
			if !json.Valid(body) || text != "" {
				t.Errorf("%s took %q and answered %v", paths[call], body, answer)
			}
		case status < 400 || status > 499 || text == "":
			t.Errorf("%s answered %q with %d %v", paths[call], body, status, answer)
		}
		s.call(t, http.MethodGet, "/messages?group=30001", "")
		s.call(t, http.MethodGet, "/messages?user=20001", "")
	})
}

// FuzzParameters sends any query.
func FuzzParameters(f *testing.F) {
	for _, query := range []string{"group=30001", "user=20001&peer=10001&after=1&from=10001&limit=5", "%", "a;b", "group=30001&limit=-0"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s := newStage(t)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/messages", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL.RawQuery = query; r.URL.Query().Has("wait") {
			return
		}
		if _, err := s.world.SayGroup(20001, 30001, 0, message.Message{message.Text{Text: "x"}}); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(time.Second)
		if status, answer := s.serve(t, r); status != http.StatusOK && (status < 400 || status > 499) {
			t.Errorf("%q: %d %v", query, status, answer)
		}
	})
}
