//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// People and places of testdata/world.yml.
const (
	ann = 20001
	bob = 20002
)

var (
	lounge  = chat{group: 30001}
	workers = chat{group: 30002}
	withAnn = chat{user: ann}
)

// TestConversation has both frameworks connected at once and talks to them, with events in either format.
func TestConversation(t *testing.T) {
	for _, format := range []string{"array", "string"} {
		t.Run(format, func(t *testing.T) {
			s := newStack(t, format)
			s.startSandbox(t)
			t.Run("group", func(t *testing.T) { s.ping(t, lounge) })
			t.Run("private", func(t *testing.T) { s.ping(t, withAnn) })
			t.Run("mention", s.mention)
			t.Run("quote", s.quote)
			t.Run("mirror", s.mirror)
			t.Run("group recall", func(t *testing.T) { s.recallNotice(t, workers) })
			t.Run("private recall", func(t *testing.T) { s.recallNotice(t, withAnn) })
			t.Run("actions", s.actions)
			s.end(t)
		})
	}
}

// ping says "ping" and expects both bots to answer it, quoting it.
func (s *stack) ping(t *testing.T, in chat) {
	t.Helper()
	l := s.say(t, ann, in, "ping")
	for _, b := range s.bots() {
		quotes(t, s.await(t, l, b.name+": pong"), l)
	}
}

// quotes checks which message an answer quotes, as the world has it.
func quotes(t *testing.T, answer said, l line) {
	t.Helper()
	if answer.Reply == nil || answer.Reply.Seq != l.seq || answer.Reply.Sender != l.from {
		t.Errorf("%q quotes %+v, want message %d of %d", answer.text(), answer.Reply, l.seq, l.from)
	}
}

func (s *stack) mention(t *testing.T) {
	l := s.say(t, bob, lounge, fmt.Sprintf("[CQ:at,qq=%d] hello", self))
	for _, b := range s.bots() {
		quotes(t, s.await(t, l, b.name+": hello, to_me true"), l)
	}
	l = s.say(t, bob, lounge, "hello")
	for _, b := range s.bots() {
		quotes(t, s.await(t, l, b.name+": hello, to_me false"), l)
	}
}

// quote lets a user quote what a bot said, and each bot tell what was quoted.
func (s *stack) quote(t *testing.T) {
	l := s.say(t, ann, lounge, "ping")
	pong := s.await(t, l, "koishi: pong")
	l = s.say(t, bob, lounge, fmt.Sprintf("[CQ:reply,id=%d]quote", pong.Seq))
	for _, b := range s.bots() {
		answer := s.await(t, l, b.name+": you quoted ")
		quotes(t, answer, l)
		if want := fmt.Sprintf("%s: you quoted %d: koishi: pong", b.name, self); answer.text() != want {
			t.Errorf("%q, want %q", answer.text(), want)
		}
	}
}

// mirror sends everything through both frameworks that a CQ string must escape, and what is not text.
func (s *stack) mirror(t *testing.T) {
	l := s.say(t, ann, workers, []segment{
		{Type: "text", Data: map[string]string{"text": "mirror [CQ:at,qq=1] & &amp; , ] <b/> 你好 \U0001F600\nline "}},
		{Type: "face", Data: map[string]string{"id": "14"}},
		{Type: "at", Data: map[string]string{"qq": fmt.Sprint(bob)}},
		{Type: "text", Data: map[string]string{"text": " end"}},
	})
	query := workers.query()
	query.Set("after", fmt.Sprint(l.seq-1))
	query.Set("from", fmt.Sprint(ann))
	original := s.list(t, query)[0]
	for _, b := range s.bots() {
		answer := s.await(t, l, b.name+": mirror")
		if want := b.name + ": " + original.Raw; answer.Raw != want {
			t.Errorf("%s made\n%q of\n%q", b.name, answer.Raw, want)
		}
	}
}

// recallNotice takes a message back, and expects both bots to have had it under one id and to see that it is gone.
func (s *stack) recallNotice(t *testing.T, in chat) {
	t.Helper()
	text := fmt.Sprintf("to be recalled from %+v", in)
	l := s.say(t, ann, in, text)
	id := s.nonebot.receivedID(t, text)
	if other := s.koishi.receivedID(t, text); other != id {
		t.Errorf("koishi received message %d as %d", id, other)
	}
	s.recall(t, l)
	for _, b := range s.bots() {
		s.await(t, l, fmt.Sprintf("%s: saw recall of %d by %d", b.name, id, ann))
	}
}
