package sight

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/gateway"
)

// noon is when everything happened.
func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

// account is an account with a different number in every counter.
func account() QQ {
	return QQ{
		Online: true, Since: noon(), LastMessage: noon().Add(time.Minute),
		PacketsReceived: 11, PacketsSent: 12, PacketsLost: 13, MessagesReceived: 14, MessagesSent: 15,
		MessagesReordered: 16, MessagesDuplicated: 17, Disconnects: 18, Logouts: 19,
	}
}

// endpoints are one that works and one of two connections of which one does not.
func endpoints() []gateway.EndpointStatus {
	return []gateway.EndpointStatus{
		{
			Name: "nonebot", Connected: true, QueuedEvents: 21, QueuedBytes: 22, SentEvents: 23, DroppedEvents: 24, ExpiredEvents: 8, AnswersDropped: 25, Panics: 26,
			Actions: gateway.ActionStatus{Running: 27, Answered: 5, Took: 90 * time.Second, Latency: []gateway.LatencyBucket{
				{Bound: time.Millisecond, Count: 1}, {Bound: 2500 * time.Millisecond, Count: 4},
			}},
			Links: []gateway.LinkStatus{{Role: gateway.RoleUniversal, URL: "ws://a/", Connected: true, Since: noon(), Dials: 31, Reconnects: 32}},
		},
		{
			Name: "old \"one\"", QueuedEvents: 1,
			Links: []gateway.LinkStatus{
				{Role: gateway.RoleAPI, URL: "ws://b/api", Connected: true, Since: noon(), Dials: 41, Reconnects: 42},
				{Role: gateway.RoleEvent, URL: "ws://b/event", Dials: 43, LastError: "check access_token"},
			},
		},
	}
}

// watch makes a Sight of what the functions return.
func watch(t *testing.T, qq func() QQ, all func() []gateway.EndpointStatus) *Sight {
	t.Helper()
	s, err := New(Options{Endpoints: all, QQ: qq, Version: "v1.2.3", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks for a page as a client on loopback does.
func get(t *testing.T, s *Sight, path string) (int, string) {
	t.Helper()
	return request(t, s, http.MethodGet, "127.0.0.1:9100", path)
}

func request(t *testing.T, s *Sight, method, host, path string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestProbes(t *testing.T) {
	offline, never := account(), QQ{}
	offline.Online = false
	for name, test := range map[string]struct {
		qq        QQ
		endpoints []gateway.EndpointStatus
		code      int
		body      string
	}{
		"ready":        {account(), endpoints()[:1], 200, "ready\n"},
		"no endpoints": {account(), nil, 200, "ready\n"},
		"one link down": {account(), endpoints(), 503, "not ready\n" +
			`endpoint "old \"one\"": event connection to ws://b/event is not up: check access_token` + "\n"},
		"offline":   {offline, endpoints()[:1], 503, "not ready\nqq: offline since 2026-01-02T12:00:00Z\n"},
		"beginning": {never, nil, 503, "not ready\nqq: not online yet\n"},
		"not dialled": {
			account(),
			[]gateway.EndpointStatus{{Name: "x", Links: []gateway.LinkStatus{{Role: gateway.RoleUniversal, URL: "ws://x"}}}},
			503,
			"not ready\nendpoint \"x\": universal connection to ws://x is not up: no attempt has ended yet\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := watch(t, func() QQ { return test.qq }, func() []gateway.EndpointStatus { return test.endpoints })
			if code, body := get(t, s, "/readyz"); code != test.code || body != test.body {
				t.Errorf("readyz is %d %q, want %d %q", code, body, test.code, test.body)
			}
			if code, body := get(t, s, "/livez"); code != 200 || body != "alive\n" {
				t.Errorf("livez is %d %q", code, body)
			}
		})
	}
}

// TestStuckDaemonDoesNotAnswer has one whose lock is never given back.
func TestStuckDaemonDoesNotAnswer(t *testing.T) {
	asked, stuck := make(chan struct{}), make(chan struct{})
	s := watch(t, account, func() []gateway.EndpointStatus {
		close(asked)
		<-stuck
		return nil
	})
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		get(t, s, "/livez")
	}()
	select {
	case <-asked: // and it waits for us
	case <-answered:
		t.Error("livez answers without asking the daemon")
	}
	close(stuck)
	<-answered
}

func TestStatusPage(t *testing.T) {
	code, body := get(t, watch(t, account, endpoints), "/status")
	var got, want any
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
		t.Fatalf("status is %d %s: %v", code, body, err)
	}
	const expected = `{
		"version": "v1.2.3", "ready": false,
		"missing": ["endpoint \"old \\\"one\\\"\": event connection to ws://b/event is not up: check access_token"],
		"qq": {
			"online": true, "since": "2026-01-02T12:00:00Z", "last_message": "2026-01-02T12:01:00Z",
			"packets_received": 11, "packets_sent": 12, "packets_lost": 13, "messages_received": 14, "messages_sent": 15,
			"messages_reordered": 16, "messages_duplicate": 17, "disconnects": 18, "logouts": 19
		},
		"endpoints": [
			{"name": "nonebot", "connected": true, "queued_events": 21, "queued_bytes": 22, "events_sent": 23, "events_dropped": 24, "events_expired": 8,
				"answers_dropped": 25, "handler_panics": 26, "actions_running": 27, "actions_answered": 5, "action_seconds": 90,
				"links": [{"role": "universal", "url": "ws://a/", "connected": true, "since": "2026-01-02T12:00:00Z", "dials": 31, "reconnects": 32, "last_error": ""}]},
			{"name": "old \"one\"", "connected": false, "queued_events": 1, "queued_bytes": 0, "events_sent": 0, "events_dropped": 0, "events_expired": 0,
				"answers_dropped": 0, "handler_panics": 0, "actions_running": 0, "actions_answered": 0, "action_seconds": 0,
				"links": [
					{"role": "api", "url": "ws://b/api", "connected": true, "since": "2026-01-02T12:00:00Z", "dials": 41, "reconnects": 42, "last_error": ""},
					{"role": "event", "url": "ws://b/event", "connected": false, "since": null, "dials": 43, "reconnects": 0, "last_error": "check access_token"}
				]}
		]
	}`
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		t.Fatal(err)
	}
	g, w := pretty(t, got), pretty(t, want)
	if g != w {
		t.Errorf("status is\n%s\nwant\n%s", g, w)
	}
	_, body = get(t, watch(t, func() QQ { return QQ{} }, func() []gateway.EndpointStatus { return nil }), "/status")
	for _, part := range []string{`"since":null`, `"endpoints":[]`} {
		if !strings.Contains(body, part) {
			t.Errorf("empty status %s lacks %s", body, part)
		}
	}
}

// pretty returns v with sorted keys.
func pretty(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := watch(t, account, endpoints)
	for _, test := range []struct {
		method, host, path string
		code               int
	}{
		{"GET", "127.0.0.1:9100", "/metrics", 200},
		{"HEAD", "127.0.0.1:9100", "/status", 200},
		{"GET", "LocalHost:9100", "/status", 200},
		{"GET", "[::1]:9100", "/status", 200},
		{"GET", "[::1]", "/status", 200},
		{"GET", "127.9.9.9", "/livez", 200},
		{"GET", "evil.example:9100", "/status", 403},
		{"GET", "localhost.evil.example", "/metrics", 403},
		{"GET", "192.168.1.1:9100", "/livez", 403},
		{"GET", "", "/livez", 403},
		{"GET", "localhost", "/", 404},
		{"GET", "localhost", "/metrics/x", 404},
		{"POST", "localhost", "/metrics", 405},
		{"DELETE", "localhost", "/status", 405},
	} {
		code, body := request(t, s, test.method, test.host, test.path)
		if code != test.code {
			t.Errorf("%s %s of %q: %d %q, want %d", test.method, test.path, test.host, code, body, test.code)
		}
		if code == 403 && strings.Contains(body, "nonebot") {
			t.Errorf("%s of %q shows %s", test.path, test.host, body)
		}
	}
}

func TestNewRejects(t *testing.T) {
	for _, o := range []Options{{}, {QQ: account}, {Endpoints: endpoints}} {
		if _, err := New(o); err == nil {
			t.Error("New takes options that lack a function")
		}
	}
}

func TestConfig(t *testing.T) {
	for listen, want := range map[string]string{
		"":                 "",
		"127.0.0.1:9100":   "",
		"localhost:0":      "",
		"[::1]:9100":       "",
		"0.0.0.0:9100":     `sight.listen: "0.0.0.0:9100" is not loopback: there is no password, use 127.0.0.1 or localhost`,
		":9100":            `sight.listen: ":9100" is not loopback: there is no password, use 127.0.0.1 or localhost`,
		"[::]:9100":        `sight.listen: "[::]:9100" is not loopback: there is no password, use 127.0.0.1 or localhost`,
		"example.com:9100": `sight.listen: "example.com:9100" is not loopback: there is no password, use 127.0.0.1 or localhost`,
		"9100":             `sight.listen: "9100" is not HOST:PORT`,
		"127.0.0.1:http":   `sight.listen: "http" is not a port`,
		"127.0.0.1:65536":  `sight.listen: "65536" is not a port`,
	} {
		err := Config{Listen: listen}.Validate()
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("listen %q: error is %v, want %q", listen, err, want)
		}
		if want == "" {
			continue
		}
		if l, err := Listen(t.Context(), listen); err == nil {
			t.Errorf("listens on %s", l.Addr())
			l.Close()
		}
	}
}
