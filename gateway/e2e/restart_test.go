//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
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
		parts int // how often the framework itself mentions the end of its connection
	}{
		{"killed", s.nonebot, s.koishi, (*process).kill, 0},
		{"killed", s.koishi, s.nonebot, (*process).kill, 0},
		{"stopped", s.nonebot, s.koishi, (*process).stop, 1},
		{"stopped", s.koishi, s.nonebot, (*process).stop, 0},
	} {
		t.Run(end.bot.name+" "+end.how, func(t *testing.T) {
			end.end(end.bot.process, t)
			end.bot.broken += end.parts
			const count = 5
			var lines []line
			for range count {
				l := s.say(t, ann, lounge, "ping")
				quotes(t, s.await(t, l, end.other.name+": pong"), l)
				lines = append(lines, l)
			}
			end.bot.start()
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
	for _, b := range s.bots() {
		b.sentID(t, b.name+": pong") // nothing is in flight when the connection is cut
	}
	before := s.session(t)
	s.call(t, http.MethodPost, "/faults", map[string]any{"drop_connection": self}, nil)
	eventually(t, "log in again", func() error {
		if now := s.session(t); now == "" || now == before {
			return fmt.Errorf("session %q, before %q", now, before)
		}
		return nil
	})
	s.ping(t, lounge)
	s.end(t)
	for _, b := range s.bots() {
		if n := len(b.entries(t, "connected")); n != 1 {
			t.Errorf("%s was connected %d times", b.name, n)
		}
	}
}

// TestKillDuringBurst kills the daemon while messages pour in: it logs in again by its token, and every message id that a bot had
// received still resolves to the same message.
func TestKillDuringBurst(t *testing.T) {
	s := newStack(t, "array")
	s.startServer(t)
	s.startDaemon(t)
	stop := s.pour(t)
	s.awaitPoured(t, 200)
	s.killDaemon(t)
	s.startDaemon(t)
	s.awaitPoured(t, 400)
	stop()

	// The answer to a ping comes after everything that poured in before it.
	s.ping(t, withAnn)
	for _, b := range s.bots() {
		inOrder(t, b)
	}
	l := s.say(t, ann, withAnn, "resolve")
	for _, b := range s.bots() {
		ids := len(b.entries(t, "message")) // with the ping; whether with "resolve" itself, nobody knows
		answer := s.await(t, l, b.name+": resolved ")
		var good, all int
		if _, err := fmt.Sscanf(answer.text(), b.name+": resolved %d of %d", &good, &all); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d ids resolve", b.name, good, all)
		if good != all || all < ids {
			t.Errorf("%s: %d of %d ids resolve, want all of at least %d: %+v", b.name, good, all, ids, b.entries(t, "unresolved"))
		}
	}
	s.end(t)
}

// pour says some 200 messages a second in two groups until it is stopped: about what NoneBot can take with its log at DEBUG.
func (s *stack) pour(t *testing.T) (stop func()) {
	t.Helper()
	const every, count = 50 * time.Millisecond, 10
	quit, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for round := 1; ; round++ {
			body := map[string]any{
				"groups": []int64{lounge.group, workers.group}, "from": bob, "count": count, "text": fmt.Sprintf("poured %d", round),
			}
			if err := s.try(t, http.MethodPost, "/burst", body, nil); err != nil {
				ended <- err
				return
			}
			select {
			case <-tick.C:
			case <-quit:
				ended <- nil
				return
			}
		}
	}()
	return func() {
		t.Helper()
		close(quit)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// awaitPoured waits until each bot has had a number of messages.
func (s *stack) awaitPoured(t *testing.T, count int) {
	t.Helper()
	for _, b := range s.bots() {
		eventually(t, "messages pour in to "+b.name, func() error {
			if n := len(b.entries(t, "message")); n < count {
				return fmt.Errorf("%d messages", n)
			}
			return nil
		})
	}
}

// inOrder checks that a bot got what poured in in order within each group, nothing twice, and every message under an id of its own.
func inOrder(t *testing.T, b *bot) {
	t.Helper()
	type number struct{ round, i int }
	last, ids := map[int64]number{}, map[int64]string{}
	for _, e := range b.entries(t, "message") {
		if other, ok := ids[e.MessageID]; ok {
			t.Errorf("%s: message %d is %q and %q", b.name, e.MessageID, other, e.Text)
		}
		ids[e.MessageID] = e.Text
		var group int64
		var n number
		if _, err := fmt.Sscanf(e.Text, "poured %d #%d/%d", &n.round, &group, &n.i); err != nil {
			continue
		}
		before := last[group]
		if group != e.GroupID || n.round < before.round || (n.round == before.round && n.i <= before.i) {
			t.Errorf("%s: %q in group %d after %+v", b.name, e.Text, e.GroupID, before)
		}
		last[group] = n
	}
}

// session is the connection with which the account is logged in to QQ, "" if it is not.
func (s *stack) session(t *testing.T) (remote string) {
	t.Helper()
	var status struct {
		Sessions []struct {
			User   int64
			Online bool
			Remote string
		}
	}
	s.call(t, http.MethodGet, "/status", nil, &status)
	for _, session := range status.Sessions {
		if session.User == self && session.Online {
			return session.Remote
		}
	}
	return ""
}
