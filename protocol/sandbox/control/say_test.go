package control_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

func TestSay(t *testing.T) {
	s := newStage(t)
	answer := s.must(t, "POST", "/say", `{"from":20001,"group":30001,"message":"[CQ:at,qq=10001] a &amp; b"}`, "")
	said := s.world.GroupMessages(30001, 1, 1)[0]
	equal(t, answer, map[string]any{"seq": 1.0, "random": float64(said.Random), "time": float64(s.now.Unix())})
	equal(t, said.Body, message.Message{message.At{UserID: 10001}, message.Text{Text: " a & b"}})

	s.must(t, "POST", "/say", `{"from":20001,"to":10001,"message":[{"type":"text","data":{"text":"[CQ:face,id=1]"}},{"type":"face","data":{"id":"66"}}]}`, "")
	private := s.world.PrivateMessages(10001, 20001, 0, 0)[0]
	equal(t, private.Body, message.Message{message.Text{Text: "[CQ:face,id=1]"}, message.Face{ID: 66}})
	equal(t, private.From, 20001)

	s.must(t, "POST", "/say", `{"from":10001,"group":30001,"message":"[CQ:reply,id=1]yes"}`, "")
	reply, _ := s.world.GroupMessages(30001, 2, 2)[0].Body.Reply()
	equal(t, reply.Quote, message.Quote{Seq: 1, Sender: 20001, Time: s.now.Unix(), Body: said.Body})
}

func TestSayRefused(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		body   string
		status int
		want   string
		code   float64 // QQ's, 0 none
	}{
		{`{"from":5,"group":30001,"message":"x"}`, 404, "user 5 does not exist", 0},
		{`{"from":20001,"to":5,"message":"x"}`, 404, "user 5 does not exist", 0},
		{`{"from":20001,"group":5,"message":"x"}`, 404, "group 5 does not exist", 0},
		{`{"from":20001,"group":30001,"message":"[CQ:reply,id=9]x"}`, 404, "message 9 does not exist", 0},
		{`{"from":20006,"group":30001,"message":"x"}`, 403, "20006 is not a member of group 30001", sandbox.CodeNotMember},
		{`{"from":20002,"group":30002,"message":"x"}`, 403, "20002 is muted in group 30002", sandbox.CodeMuted},
		{`{"from":20001,"group":30003,"message":"x"}`, 403, "group 30003 is muted as a whole", sandbox.CodeMuted},
		{`{"from":20005,"to":10001,"message":"x"}`, 403, "20005 and 10001 are not friends", sandbox.CodeNotFriend},
		{`{"from":20001,"to":10001,"message":""}`, 403, "the message is empty", sandbox.CodeMalformed},
		{`{"from":20001,"to":10001,"message":"` + strings.Repeat("x", 5001) + `"}`, 403, "5001 bytes of text", sandbox.CodeTooLong},
	} {
		answer := s.mustFail(t, "POST", "/say", tt.body, tt.status, tt.want)
		code, _ := answer["code"].(float64)
		equal(t, code, tt.code)
	}
}

func TestRecall(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.must(t, "POST", "/say", `{"from":20003,"group":30001,"message":"x"}`, "")
	}
	s.must(t, "POST", "/recall", `{"group":30001,"seq":1,"by":20003}`, `{}`)
	s.must(t, "POST", "/recall", `{"group":30001,"seq":2,"by":20002}`, `{}`) // an admin
	s.mustFail(t, "POST", "/recall", `{"group":30001,"seq":2,"by":20002}`, 403, "No message meets the requirements")
	s.mustFail(t, "POST", "/recall", `{"group":30001,"seq":3,"by":20004}`, 403, "No message meets the requirements")
	s.mustFail(t, "POST", "/recall", `{"group":30001,"seq":4,"by":20002}`, 404, "message 4 does not exist")
	s.mustFail(t, "POST", "/recall", `{"group":5,"seq":1,"by":20002}`, 404, "group 5 does not exist")
	s.mustFail(t, "POST", "/recall", `{"group":30001,"seq":3,"by":5}`, 404, "user 5 does not exist")
	for i, want := range []bool{true, true, false} {
		equal(t, s.world.GroupMessages(30001, 1, 3)[i].Recalled, want)
	}
}

func TestRecallPrivate(t *testing.T) {
	s := newStage(t)
	for range 4 {
		s.must(t, "POST", "/say", `{"from":20001,"to":10001,"message":"x"}`, "")
		s.must(t, "POST", "/say", `{"from":10001,"to":20001,"message":"x"}`, "")
	}
	s.must(t, "POST", "/recall", `{"user":20001,"peer":10001,"seq":1,"by":20001}`, `{}`)
	s.must(t, "POST", "/recall", `{"user":20001,"seq":2}`, `{}`) // peer and by understood
	s.must(t, "POST", "/recall", `{"user":10001,"peer":20001,"seq":3}`, `{}`)
	s.mustFail(t, "POST", "/recall", `{"user":20001,"seq":4,"by":10001}`, 403, "only its author 20001 may recall")
	s.mustFail(t, "POST", "/recall", `{"user":20001,"seq":5}`, 404, "message 5 does not exist")
	s.mustFail(t, "POST", "/recall", `{"user":20001,"peer":5,"seq":4}`, 404, "user 5 does not exist")
	s.now = s.now.Add(3 * time.Minute)
	answer := s.mustFail(t, "POST", "/recall", `{"user":20001,"seq":4}`, 403, "No message meets the requirements")
	equal(t, answer["code"], any(float64(sandbox.CodeRecall)))

	var recalled []string
	for _, m := range s.world.PrivateMessages(10001, 20001, 0, 0) {
		if m.Recalled {
			recalled = append(recalled, fmt.Sprint(m.From, " ", m.Seq))
		}
	}
	equal(t, recalled, []string{"20001 1", "20001 2", "10001 3"})
}

func TestBurst(t *testing.T) {
	s := newStage(t)
	s.must(t, "POST", "/burst", `{"groups":[30001,30002],"from":20001,"count":5,"text":"go"}`,
		`{"count":5,"groups":{"30001":{"first_seq":1,"last_seq":3},"30002":{"first_seq":4001,"last_seq":4002}}}`)
	equal(t, s.world.GroupMessages(30002, 4002, 4002)[0].Body.PlainText(), "go #30002/2")
	s.must(t, "POST", "/burst", `{"groups":[30003,30001],"count":1}`, `{"count":1,"groups":{"30003":{"first_seq":1,"last_seq":1}}}`)
	first := s.world.GroupMessages(30003, 1, 1)[0]
	equal(t, first.Body.PlainText(), "burst #30003/1")
	equal(t, first.From, 20002) // who may speak there

	s.mustFail(t, "POST", "/burst", `{"groups":[30001,5],"count":1}`, 404, "group 5 does not exist")
	s.mustFail(t, "POST", "/burst", `{"groups":[30001],"from":5,"count":1}`, 404, "user 5 does not exist")
	s.mustFail(t, "POST", "/burst", `{"groups":[30001,30003],"from":20001,"count":2}`, 403, "group 30003 is muted as a whole")
	equal(t, s.world.LastSeq(30001), 3)
}

func TestLargeBurst(t *testing.T) {
	s := newStage(t)
	s.must(t, "POST", "/burst", `{"groups":[30001,30002],"from":20001,"count":50000}`,
		`{"count":50000,"groups":{"30001":{"first_seq":1,"last_seq":25000},"30002":{"first_seq":4001,"last_seq":29000}}}`)
	last := s.must(t, "GET", "/messages?group=30002&after=28999", "", "")["messages"].([]any)
	equal(t, len(last), 1)
	equal(t, last[0].(map[string]any)["raw"], any("burst #30002/25000"))
}

func BenchmarkBurst(b *testing.B) {
	for b.Loop() {
		newStage(b).must(b, "POST", "/burst", `{"groups":[30001,30002],"from":20001,"count":50000}`, "")
	}
}

// TestManyCallers has everything called at the same time: no seq is lost or given twice.
func TestManyCallers(t *testing.T) {
	const callers, each = 4, 50
	s := newStage(t)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				s.must(t, "POST", "/say", `{"from":20001,"group":30001,"message":"x"}`, "")
				s.must(t, "POST", "/burst", `{"groups":[30001],"from":20001,"count":3}`, "")
				s.must(t, "GET", "/messages?group=30001&limit=5", "", "")
				s.must(t, "GET", "/world", "", "")
				s.must(t, "POST", "/faults", `{"refuse_sends":5}`, "")
			}
		})
	}
	all.Wait()
	equal(t, s.world.LastSeq(30001), callers*each*4)
}
