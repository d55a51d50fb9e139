package control_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// raws are the CQ strings of the messages that a query lists.
func (s *stage) raws(t *testing.T, query string) []string {
	t.Helper()
	return rawsOf(s.must(t, "GET", "/messages?"+query, "", ""))
}

func rawsOf(answer map[string]any) []string {
	out := []string{}
	list, _ := answer["messages"].([]any)
	for _, m := range list {
		out = append(out, m.(map[string]any)["raw"].(string))
	}
	return out
}

func (s *stage) say(t *testing.T, from, where, text string) {
	t.Helper()
	s.must(t, "POST", "/say", fmt.Sprintf(`{"from":%s,%s,"message":%q}`, from, where, text), "")
}

const (
	inGroup = `"group":30001`
	toBot   = `"to":10001`
	toAlice = `"to":20001`
)

func TestMessages(t *testing.T) {
	s := newStage(t)
	s.must(t, "GET", "/messages?group=30001", "", `{"messages":[]}`)
	s.say(t, "20001", inGroup, "one <b>")
	s.say(t, "10001", inGroup, "[CQ:reply,id=1]two[CQ:face,id=14]")
	s.must(t, "POST", "/recall", `{"group":30001,"seq":1,"by":20001}`, "")
	said := s.world.GroupMessages(30001, 1, 2)
	s.must(t, "GET", "/messages?group=30001", "", fmt.Sprintf(`{"messages":[
		{"seq":1,"random":%d,"time":946684800,"sender":20001,"nickname":"Alice","recalled":true,
		 "message":[{"type":"text","data":{"text":"one <b>"}}],"raw":"one <b>","reply":null},
		{"seq":2,"random":%d,"time":946684800,"sender":10001,"nickname":"echo","recalled":false,
		 "message":[{"type":"reply","data":{"id":"1"}},{"type":"text","data":{"text":"two"}},{"type":"face","data":{"id":"14"}}],
		 "raw":"[CQ:reply,id=1]two[CQ:face,id=14]","reply":{"seq":1,"sender":20001}}]}`, said[0].Random, said[1].Random))
}

func TestMessagesSelected(t *testing.T) {
	s := newStage(t)
	for i := range 2500 { // more than are read at once
		s.say(t, []string{"20001", "10001"}[i%2], inGroup, fmt.Sprint(i+1))
	}
	s.say(t, "20001", `"group":30002`, "other")
	for _, tt := range []struct {
		query       string
		count       int
		first, last string
	}{
		{"group=30001", 1000, "1", "1000"},
		{"group=30001&limit=3", 3, "1", "3"},
		{"group=30001&limit=100000", 2500, "1", "2500"},
		{"group=30001&after=2498", 2, "2499", "2500"},
		{"group=30001&after=2500", 0, "", ""},
		{"group=30001&after=4294967295", 0, "", ""},
		{"group=30001&after=1&from=20001&limit=1200", 1200, "3", "2401"},
		{"group=30001&from=20002", 0, "", ""},
		{"group=30002", 1, "other", "other"},
		{"group=30002&after=4000", 1, "other", "other"},
	} {
		got := s.raws(t, tt.query)
		if len(got) != tt.count || tt.count > 0 && (got[0] != tt.first || got[len(got)-1] != tt.last) {
			t.Errorf("%s: %d messages, want %d from %s to %s", tt.query, len(got), tt.count, tt.first, tt.last)
		}
	}
}

func TestPrivateMessages(t *testing.T) {
	s := newStage(t)
	s.say(t, "20001", toBot, "A1")
	s.say(t, "10001", toAlice, "B1")
	s.say(t, "20002", toBot, "somebody else")
	s.say(t, "20001", toBot, "A2")
	for range 2 { // the bot's client starts anew and counts from the beginning
		if _, err := s.world.SayPrivate(10001, 20001, 22911, 0, s.world.PrivateMessages(10001, 20001, 0, 1)[0].Body); err != nil {
			t.Fatal(err)
		}
	}
	s.say(t, "20001", toBot, "A3")
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"user=20001&peer=10001", []string{"A1", "B1", "A2", "A1", "A1", "A3"}},
		{"user=10001&peer=20001", []string{"A1", "B1", "A2", "A1", "A1", "A3"}},
		{"user=20001", []string{"A1", "B1", "A2", "A1", "A1", "A3"}}, // peer is the bot
		{"user=20001&limit=2", []string{"A1", "B1"}},
		{"user=20001&from=20001", []string{"A1", "A2", "A3"}},
		{"user=20001&after=1", []string{"A2", "A1", "A1", "A3"}}, // seq 1 was used by both, the bot's is newer
		{"user=20001&after=1&from=20001", []string{"A2", "A3"}},  // Alice's own seq 1
		{"user=20001&after=2&from=10001", []string{"A1", "A1"}},  // what the bot said after Alice's seq 2
		{"user=20001&after=22911", []string{"A3"}},               // the newest with that seq
		{"user=20001&after=10", []string{"A1", "A1"}},            // a seq that nobody used
		{"user=20001&peer=20002", []string{}},                    // friends who never spoke
	} {
		equal(t, s.raws(t, tt.query), tt.want)
	}
}

func TestBadParameters(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		query  string
		status int
		want   string
	}{
		{"", 400, `one of the parameters "group" and "user"`},
		{"group=30001&user=20001", 400, `one of the parameters "group" and "user"`},
		{"group=30001&peer=20001", 400, `parameter "peer" belongs to private chats`},
		{"group=x", 400, `parameter "group" must be a whole number from 0 to 4294967295`},
		{"group=30001&after=-1", 400, `parameter "after" must be`},
		{"group=30001&after=", 400, `parameter "after" must be`},
		{"group=30001&limit=0", 400, `parameter "limit" must be a whole number from 1 to 100000`},
		{"group=30001&limit=100001", 400, `parameter "limit" must be`},
		{"group=30001&wait=10", 400, `parameter "wait" must be a duration such as 10s, at most 5m0s`},
		{"group=30001&wait=6m", 400, `parameter "wait" must be`},
		{"group=30001&group=30002", 400, `parameter "group" must be given once`},
		{"group=30001&since=1", 400, `unknown parameter "since", known are group, user, peer, from, after, limit, wait`},
		{"group=5", 404, "group 5 does not exist"},
		{"user=5", 404, "user 5 does not exist"},
		{"user=20001&peer=5", 404, "user 5 does not exist"},
		{"group=30001&from=5", 404, "user 5 does not exist"},
	} {
		s.mustFail(t, "GET", "/messages?"+tt.query, "", tt.status, tt.want)
	}
}

func TestWaitForMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.say(t, "20001", inGroup, "early")
		began := time.Now()
		equal(t, s.raws(t, "group=30001&wait=10s"), []string{"early"}) // nothing to wait for
		equal(t, s.raws(t, "group=30001&after=1&wait=10s"), []string{})
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("waited %v", waited)
		}

		group, private := make(chan []string), make(chan []string)
		go func() { group <- s.raws(t, "group=30001&after=1&from=10001&wait=10s") }()
		go func() { private <- s.raws(t, "user=20001&after=1&from=10001&wait=10s") }()
		synctest.Wait()
		s.say(t, "20001", inGroup, "not from the bot")
		s.say(t, "10001", `"group":30002`, "not this group")
		s.say(t, "10001", `"to":20002`, "not to Alice")
		s.say(t, "20001", toBot, "not from the bot either")
		s.must(t, "POST", "/recall", `{"group":30001,"seq":1,"by":20001}`, "")
		synctest.Wait()
		select {
		case got := <-group:
			t.Fatalf("the call for the group was answered with %q", got)
		case got := <-private:
			t.Fatalf("the call for the chat was answered with %q", got)
		default:
		}
		began = time.Now()
		s.say(t, "10001", inGroup, "at last")
		equal(t, <-group, []string{"at last"})
		s.say(t, "10001", toAlice, "skipped: the bot's seq 1")
		s.say(t, "10001", toAlice, "hello")
		equal(t, <-private, []string{"hello"})
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestWaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		ctx, hangUp := context.WithCancel(t.Context())
		answered := make(chan []string)
		go func() {
			r := httptest.NewRequestWithContext(ctx, "GET", "http://localhost/messages?group=30001&wait=5m", nil)
			_, answer := s.serve(t, r)
			answered <- rawsOf(answer)
		}()
		synctest.Wait()
		began := time.Now()
		hangUp()
		equal(t, <-answered, []string{})
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}
