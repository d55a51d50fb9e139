//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestBotRestart ends each framework in the middle: the other one is not disturbed, the restarted one is found again, and gets
// what was said in the meantime, each message once.
func TestBotRestart(t *testing.T) {
	s := newStack(t, "array")
	s.startSandbox(t)
	s.ping(t, lounge)
	for _, end := range []struct {
		how   string
		bot   *bot
		other *bot
		end   func(*process, *testing.T)
	}{
		{"killed", s.nonebot, s.koishi, (*process).kill},
		{"killed", s.koishi, s.nonebot, (*process).kill},
		{"stopped", s.nonebot, s.koishi, (*process).stop},
		{"stopped", s.koishi, s.nonebot, (*process).stop},
	} {
		t.Run(end.bot.name+" "+end.how, func(t *testing.T) {
			end.end(end.bot.process, t)
			const count = 5
			var lines []line
			for range count {
				l := s.say(t, ann, lounge, "ping")
				quotes(t, s.await(t, l, end.other.name+": pong"), l)
				lines = append(lines, l)
			}
			end.bot.start(t)
			end.bot.awaitConnected(t)
			for _, l := range append(lines, s.say(t, bob, lounge, "ping")) {
				s.awaitPong(t, end.bot, l)
			}
			for seq, n := range s.pongs(t, end.bot, lounge) {
				if n > 1 {
					t.Errorf("%s got message %d %d times", end.bot.name, seq, n)
				}
			}
		})
	}
	s.end(t)
}

// pongs counts what a bot has answered to each message of a chat.
func (s *stack) pongs(t *testing.T, b *bot, in chat) map[int64]int {
	t.Helper()
	answers := map[int64]int{}
	for _, m := range s.messages(t, in, 0, 0) {
		if m.Reply != nil && m.text() == b.name+": pong" {
			answers[m.Reply.Seq]++
		}
	}
	return answers
}

// awaitPong waits until a bot has answered this very ping.
func (s *stack) awaitPong(t *testing.T, b *bot, l line) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s answers message %d", b.name, l.seq), func() error {
		if s.pongs(t, b, l.in)[l.seq] == 0 {
			return errors.New("no answer")
		}
		return nil
	})
}

// TestDaemonRestart stops the daemon and starts it again while QQ goes on: get_msg still answers for what was said before.
func TestDaemonRestart(t *testing.T) {
	s := newStack(t, "array")
	s.startServer(t)
	s.startDaemon(t)
	s.ping(t, lounge)
	question := s.nonebot.receivedID(t, "ping")
	answers := map[int64]string{question: fmt.Sprintf("message %d is from %d: ping", question, ann)}
	for _, b := range s.bots() {
		id := b.sentID(t, b.name+": pong")
		answers[id] = fmt.Sprintf("message %d is from %d: %s: pong", id, self, b.name)
	}
	if len(answers) != 3 {
		t.Errorf("three messages have the ids of %v", answers)
	}

	for _, b := range s.bots() {
		b.broken++
	}
	s.daemon.stop(t)
	if s.daemon.state != nil {
		t.Errorf("the daemon ended with %v, want a clean exit", s.daemon.state)
	}
	s.startDaemon(t)

	s.ping(t, withAnn)
	for id, want := range answers {
		l := s.say(t, bob, workers, fmt.Sprintf("get %d", id))
		for _, b := range s.bots() {
			if answer := s.await(t, l, b.name+": message "); answer.text() != b.name+": "+want {
				t.Errorf("%q, want %q", answer.text(), want)
			}
		}
	}
	s.end(t)
}

// TestConnectionDropped cuts the daemon's connection to QQ: it logs in again by itself, and the bots keep theirs.
func TestConnectionDropped(t *testing.T) {
	s := newStack(t, "array")
	s.startSandbox(t)
	s.ping(t, lounge)
	s.call(t, http.MethodPost, "/faults", map[string]any{"drop_connection": self}, nil)
	s.awaitOnline(t)
	s.ping(t, lounge)
	s.end(t)
	for _, b := range s.bots() {
		if n := len(b.entries(t, "connected")); n != 1 {
			t.Errorf("%s was connected %d times", b.name, n)
		}
	}
}

// TestKillDuringBurst kills the daemon in the middle of a burst: it logs in again by its token, and every message id that a bot
// had received still resolves to the same message.
func TestKillDuringBurst(t *testing.T) {
	s := newStack(t, "array")
	s.startServer(t)
	s.startDaemon(t)
	const count = 20_000
	s.call(t, http.MethodPost, "/burst", map[string]any{"groups": []int64{lounge.group, workers.group}, "from": bob, "count": count, "text": "burst"}, nil)
	for _, b := range s.bots() {
		eventually(t, "burst reaches "+b.name, func() error {
			if n := len(b.entries(t, "message")); n < 50 {
				return fmt.Errorf("%d messages", n)
			}
			return nil
		})
	}
	s.killDaemon(t)
	s.startDaemon(t)
	s.ping(t, withAnn)

	before := make(map[*bot]int)
	for _, b := range s.bots() {
		burst := inOrder(t, b)
		if burst == count {
			t.Errorf("%s had the whole burst: the daemon was not killed in its middle", b.name)
		}
		t.Logf("%s had %d messages of the burst", b.name, burst)
		before[b] = burst
	}
	l := s.say(t, ann, withAnn, "resolve")
	for _, b := range s.bots() {
		answer := s.await(t, l, b.name+": resolved ")
		var good, all int
		if _, err := fmt.Sscanf(strings.TrimPrefix(answer.text(), b.name+": "), "resolved %d of %d", &good, &all); err != nil {
			t.Fatal(err)
		}
		if good != all || all < before[b] {
			t.Errorf("%s: %d of %d ids resolve, want all of at least %d: %+v", b.name, good, all, before[b], b.entries(t, "unresolved"))
		}
	}
	s.end(t)
}

// inOrder checks that a bot got the messages of the burst in order within each group, none twice, and every message under an id of
// its own. It returns how many they were.
func inOrder(t *testing.T, b *bot) int {
	t.Helper()
	count, last, ids := 0, map[int64]int{}, map[int64]string{}
	for _, e := range b.entries(t, "message") {
		if other, ok := ids[e.MessageID]; ok {
			t.Errorf("%s: message %d is %q and %q", b.name, e.MessageID, other, e.Text)
		}
		ids[e.MessageID] = e.Text
		var group int64
		var i int
		if _, err := fmt.Sscanf(e.Text, "burst #%d/%d", &group, &i); err != nil {
			continue
		}
		count++
		if group != e.GroupID || i <= last[group] {
			t.Errorf("%s: %q in group %d after number %d", b.name, e.Text, e.GroupID, last[group])
		}
		last[group] = i
	}
	return count
}

// awaitOnline waits until the account is logged in to QQ.
func (s *stack) awaitOnline(t *testing.T) {
	t.Helper()
	eventually(t, "log in again", func() error {
		var status struct {
			Sessions []struct {
				User   int64
				Online bool
			}
		}
		s.call(t, http.MethodGet, "/status", nil, &status)
		for _, session := range status.Sessions {
			if session.User == self && session.Online {
				return nil
			}
		}
		return fmt.Errorf("not among %+v", status.Sessions)
	})
}
