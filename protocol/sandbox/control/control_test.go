package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/control"
)

// fakeServer records what it is told to do. Only account 10001 is logged in.
type fakeServer struct {
	mu     sync.Mutex
	faults sandbox.Faults
	told   []string
}

var _ control.Server = (*sandbox.Server)(nil)

var errOffline = errors.New("the account is not logged in")

func (*fakeServer) Sessions() []sandbox.Session {
	return []sandbox.Session{{UserID: 10001, Online: true, Remote: "127.0.0.1:50000", Since: time.Unix(1700000000, 0)}}
}

func (*fakeServer) Unanswered() []string    { return []string{"Some.Cmd"} }
func (*fakeServer) RefusedEgress() []string { return nil }

func (s *fakeServer) Faults() sandbox.Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *fakeServer) ChangeFaults(change func(*sandbox.Faults)) sandbox.Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
	return s.faults
}

func (s *fakeServer) tell(what string, user protocol.UserID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user != 10001 {
		return errOffline
	}
	s.told = append(s.told, what)
	return nil
}

func (s *fakeServer) DropConnections(user protocol.UserID) int {
	if user == 0 {
		return 3
	}
	if s.tell("drop", user) != nil {
		return 0
	}
	return 1
}

func (s *fakeServer) ForceOffline(user protocol.UserID, reason string) error {
	return s.tell("offline "+reason, user)
}

func (s *fakeServer) Expire(user protocol.UserID) error { return s.tell("expire", user) }

// stage is a control interface over the default world, whose clock stands in the year 2000 until it is moved.
type stage struct {
	*control.Control
	world  *sandbox.World
	server *fakeServer
	now    time.Time
}

func newStage(tb testing.TB) *stage {
	tb.Helper()
	s := &stage{server: &fakeServer{}, now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.world = sandbox.Default(sandbox.WithClock(func() time.Time { return s.now }))
	s.Control = control.New(s.world, s.server, zerolog.New(io.Discard))
	return s
}

// call makes one call and returns its status and answer.
func (s *stage) call(tb testing.TB, method, target, body string) (int, map[string]any) {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, "http://127.0.0.1:7001"+target, strings.NewReader(body))
	return s.serve(tb, r)
}

func (s *stage) serve(tb testing.TB, r *http.Request) (int, map[string]any) {
	tb.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		tb.Errorf("%s %s: answer %q: %v", r.Method, r.URL, w.Body, err)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" {
		tb.Errorf("the answer is %q", kind)
	}
	return w.Code, answer
}

// must makes a call that is wanted to succeed with this answer, given as JSON; "" takes any.
func (s *stage) must(tb testing.TB, method, target, body, want string) map[string]any {
	tb.Helper()
	status, answer := s.call(tb, method, target, body)
	if status != http.StatusOK {
		tb.Errorf("%s %s %s: %d %v", method, target, body, status, answer)
	}
	if want != "" && status == http.StatusOK {
		equal(tb, any(answer), decode(tb, want))
	}
	return answer
}

// mustFail makes a call that is wanted to fail with this status and a text that contains want.
func (s *stage) mustFail(tb testing.TB, method, target, body string, status int, want string) map[string]any {
	tb.Helper()
	got, answer := s.call(tb, method, target, body)
	text, _ := answer["error"].(string)
	if got != status || !strings.Contains(text, want) {
		tb.Errorf("%s %s %s: %d %v\nwant %d %q", method, target, body, got, answer, status, want)
	}
	return answer
}

func decode(tb testing.TB, s string) (v any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		tb.Fatalf("%s: %v", s, err)
	}
	return v
}

func equal[T any](tb testing.TB, got, want T) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestUnknownCalls(t *testing.T) {
	s := newStage(t)
	s.mustFail(t, "GET", "/", "", 404, "no call /, there are POST /say, POST /recall")
	s.mustFail(t, "POST", "/say/", "{}", 404, "no call /say/")
	s.mustFail(t, "GET", "/say", "", 405, "/say wants POST, not GET")
	s.mustFail(t, "PUT", "/faults", "", 405, "/faults wants POST or DELETE, not PUT")
}

func TestBrowsersAreRefused(t *testing.T) {
	for _, tt := range []struct {
		host, origin string
		status       int
	}{
		{"127.0.0.1:7001", "", 200},
		{"127.9.9.9", "", 200},
		{"localhost:7001", "", 200},
		{"LOCALHOST", "", 200},
		{"[::1]:7001", "", 200},
		{"[::1]", "", 200},
		{"127.0.0.1:7001", "http://127.0.0.1:7001", 403},
		{"127.0.0.1:7001", "null", 403},
		{"rebound.example:7001", "", 403},
		{"localhost.example", "", 403},
		{"192.168.0.1:7001", "", 403},
		{"0.0.0.0:7001", "", 403},
		{"", "", 403},
	} {
		s := newStage(t)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/world", nil)
		r.Host = tt.host
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		status, answer := s.serve(t, r)
		if status != tt.status {
			t.Errorf("host %q, origin %q: %d %v, want %d", tt.host, tt.origin, status, answer["error"], tt.status)
		}
	}
}

func TestBadBodies(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct{ path, body, want string }{
		{"/say", ``, "the body is not JSON"},
		{"/say", `{`, "the body is not JSON"},
		{"/say", `{} {}`, "the body is not JSON"},
		{"/say", `[]`, "the body is not a JSON object"},
		{"/say", `null`, "the body is not a JSON object"},
		{"/say", `"from"`, "the body is not a JSON object"},
		{"/say", `{"from":20001,"group":30001}`, `member "message" is missing`},
		{"/say", `{"from":null,"group":30001,"message":"x"}`, `member "from" is missing`},
		{"/say", `{"from":20001,"group":30001,"message":"x","sender":1}`, `unknown member "sender", known are from, group, to, message`},
		{"/say", `{"From":20001,"group":30001,"message":"x"}`, `unknown member "From"`},
		{"/say", `{"from":"20001","group":30001,"message":"x"}`, `member "from" must be a whole number from 1 to 4294967295`},
		{"/say", `{"from":20001.5,"group":30001,"message":"x"}`, `member "from" must be a whole number`},
		{"/say", `{"from":0,"group":30001,"message":"x"}`, `member "from" must be`},
		{"/say", `{"from":20001,"group":99999999999999999999,"message":"x"}`, `member "group" must be`},
		{"/say", `{"from":20001,"group":[30001],"message":"x"}`, `member "group" must be`},
		{"/say", `{"from":20001,"to":true,"message":"x"}`, `member "to" must be`},
		{"/say", `{"from":20001,"message":"x"}`, `one of the members "group" and "to"`},
		{"/say", `{"from":20001,"group":30001,"to":10001,"message":"x"}`, `one of the members "group" and "to"`},
		{"/say", `{"from":20001,"group":30001,"message":"[CQ:at,qq=x]"}`, `member "message": segment "at": qq="x"`},
		{"/say", `{"from":20001,"group":30001,"message":[{"type":"face","data":{}}]}`, `member "message": segment 0: segment "face": id`},
		{"/say", `{"from":20001,"group":30001,"message":"[CQ:image,file=a.png]"}`, `the sandbox's users cannot say segment "image"`},
		{"/recall", `{"group":30001,"by":20001}`, `member "seq" is missing`},
		{"/recall", `{"group":30001,"seq":1}`, `member "by" is missing`},
		{"/recall", `{"seq":1,"by":20001}`, `one of the members "group" and "user"`},
		{"/recall", `{"group":30001,"user":20001,"seq":1,"by":20001}`, `one of the members "group" and "user"`},
		{"/recall", `{"group":30001,"peer":20001,"seq":1,"by":20001}`, `member "peer" belongs to private chats`},
		{"/recall", `{"group":30001,"seq":-1,"by":20001}`, `member "seq" must be`},
		{"/burst", `{"count":5}`, `member "groups" is missing`},
		{"/burst", `{"groups":[30001]}`, `member "count" is missing`},
		{"/burst", `{"groups":[],"count":5}`, `member "groups": a burst needs at least one group`},
		{"/burst", `{"groups":[30001,30001],"count":5}`, `member "groups": group 30001 is named twice`},
		{"/burst", `{"groups":30001,"count":5}`, `member "groups" must be an array of group numbers`},
		{"/burst", `{"groups":["30001"],"count":5}`, `member "groups" must be an array of group numbers`},
		{"/burst", `{"groups":[30001],"count":1000001}`, `member "count" must be a whole number from 1 to 1000000`},
		{"/burst", `{"groups":[30001],"count":5,"text":5}`, `member "text" must be a string`},
		{"/faults", `{"delay_replies":2}`, `member "delay_replies" must be a string`},
		{"/faults", `{"delay_replies":"soon"}`, `member "delay_replies" must be a duration such as "1.5s"`},
		{"/faults", `{"delay_replies":"-1s"}`, `member "delay_replies" must be a duration`},
		{"/faults", `{"delay_replies":"11m"}`, `at most 10m0s`},
		{"/faults", `{"refuse_sends":-1}`, `member "refuse_sends" must be`},
		{"/faults", `{"stall":1}`, `member "stall" must be true or false`},
		{"/faults", `{"drop_connection":false}`, `member "drop_connection" must be`},
		{"/faults", `{"drop":1}`, `unknown member "drop", known are drop_connection, delay_replies, refuse_sends, stall`},
		{"/offline", `{"reason":"x"}`, `member "user" is missing`},
		{"/expire", `{"user":10001,"reason":"x"}`, `unknown member "reason", known are user`},
	} {
		s.mustFail(t, "POST", tt.path, tt.body, 400, tt.want)
	}
	equal(t, s.world.End(), sandbox.Cursor{})
	equal(t, s.server.Faults(), sandbox.Faults{})
	equal(t, len(s.server.told), 0)
}

func TestLargeBody(t *testing.T) {
	s := newStage(t)
	s.mustFail(t, "POST", "/say", `{"from":"`+strings.Repeat("x", 1<<20)+`"}`, 413, "the body has more than 1048576 bytes")
}
