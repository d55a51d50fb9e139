package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// piped logs u in over a pipe instead of a socket, so that the test's bubble knows when nothing moves any more.
func piped(t *testing.T, s *sandbox.Server, u protocol.UserID) *player {
	t.Helper()
	token, ok := s.Token(u)
	if !ok {
		t.Fatalf("no account %d", u)
	}
	near, far := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	attended := make(chan struct{})
	go func() {
		defer close(attended)
		s.Attend(ctx, far)
	}()
	t.Cleanup(func() {
		cancel()
		<-attended
		near.Close()
	})
	p := &player{t: t, conn: near, reader: bufio.NewReader(near), token: token, seq: 60000}
	p.logIn(s)
	return p
}

// silent waits for an hour in which nothing may come.
func (p *player) silent() {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := sso.ReadFrame(p.reader); !isTimeout(err) {
		p.t.Fatalf("where nothing may come: %v", err)
	}
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sandbox.Default()
		s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.Nop()})
		p := piped(t, s, 10001)
		synctest.Wait() // the server reads already: a pipe holds nothing, and a stalled server takes nothing off it
		s.SetFaults(sandbox.Faults{Stall: true})
		say(t, w, 20001, 30001, "x")
		seq := p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
		p.silent()
		s.SetFaults(sandbox.Faults{})
		p.answer(seq)
		p.groupPush()

		// The line can be cut all the same.
		s.SetFaults(sandbox.Faults{Stall: true})
		equal(t, s.DropConnections(10001), 1)
		if _, err := sso.ReadFrame(p.reader); !errors.Is(err, io.EOF) {
			t.Errorf("read from a connection that was dropped: %v", err)
		}
	})
}

func TestDelayReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.NewServer(sandbox.Default(), sandbox.ServerOptions{Log: zerolog.Nop()})
		p := piped(t, s, 20001)
		const delay = patience / 2
		equal(t, s.ChangeFaults(func(f *sandbox.Faults) { f.DelayReplies = delay }), sandbox.Faults{DelayReplies: delay})
		start := time.Now()
		equal(t, p.send(30001, 0, 1, 2, mirai.NewText("x")), 0)
		equal(t, time.Since(start), delay)
		equal(t, len(p.pushed), 1) // before the answer: a push is none
		p.groupPush()
		// Answers keep their order.
		start = time.Now()
		first := p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
		second := p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
		equal(t, p.read().Seq, first)
		equal(t, p.read().Seq, second)
		equal(t, time.Since(start), delay)
	})
}

// What is held back goes by the delay of the moment, not by that under which it was asked for.
func TestDelayChanges(t *testing.T) {
	const passed = time.Second
	for name, delay := range map[string]time.Duration{"ends": 0, "is shorter": patience / 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.NewServer(sandbox.Default(), sandbox.ServerOptions{Log: zerolog.Nop()})
				p := piped(t, s, 10001)
				s.SetFaults(sandbox.Faults{DelayReplies: time.Hour})
				command := sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"}
				first, second := p.write(command), p.write(command)
				<-time.After(passed)
				start := time.Now()
				s.SetFaults(sandbox.Faults{DelayReplies: delay})
				equal(t, p.read().Seq, first)
				equal(t, p.read().Seq, second)
				equal(t, time.Since(start), max(0, delay-passed))
				start = time.Now()
				p.call(command)
				equal(t, time.Since(start), delay)
			})
		})
	}
}

// An answer that is held back holds back no push, not even one that was waiting together with it.
func TestDelaySparesPushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sandbox.Default()
		s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.Nop()})
		p := piped(t, s, 10001)
		const delay = patience / 2
		s.SetFaults(sandbox.Faults{DelayReplies: delay})
		start := time.Now()
		say(t, w, 20001, 30001, "keeps the writer busy until it is read")
		synctest.Wait()
		say(t, w, 20001, 30001, "waits")
		synctest.Wait()
		seq := p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
		synctest.Wait()
		p.groupPush()
		p.groupPush()
		equal(t, time.Since(start), 0)
		p.answer(seq)
		equal(t, time.Since(start), delay)
	})
}

// Whoever waits for the end of a connection does not wait for a burst that nobody will read.
func TestDropInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sandbox.Default()
		s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.Nop()})
		piped(t, s, 10001)
		pushes := s.PushesTo(10001)
		if _, err := w.Burst(20001, []protocol.GroupID{30001}, 3000, "text"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		waiting := pushes()
		equal(t, s.DropConnections(10001), 1)
		if n := pushes() - waiting; waiting == 0 || n > 1 { // the notice that there is mail may still be on its way
			t.Errorf("after %d pushes, %d more into a connection that was dropped", waiting, n)
		}
	})
}
