package mirai

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

func TestBreaks(t *testing.T) {
	s := newSignals()
	if s.mayReconnect(&net.OpError{Op: "read", Err: net.ErrClosed}) {
		t.Error("MiraiGo reconnects after a connection was closed on purpose")
	}
	if !s.mayReconnect(io.EOF) {
		t.Error("MiraiGo does not reconnect")
	}
	for range 3 {
		s.reconnecting("why") // nobody listens: it must not block
	}
	if <-s.broke != "why" {
		t.Error("a break is not told")
	}
	for range 10 {
		s.gaveUp("x")
	}
	s.kicked.Store(true)
	if s.mayReconnect(io.EOF) {
		t.Error("MiraiGo fights the device that took the session")
	}
	s.kicked.Store(false)
	s.stopped.Store(true)
	if s.mayReconnect(io.EOF) {
		t.Error("MiraiGo reconnects after Run ended")
	}
	s.kicked.Store(true)
	s.reconnecting("why")
	s.clear()
	if len(s.broke) != 0 || len(s.disconnected) != 0 || s.kicked.Load() {
		t.Error("the next session begins with the signals of the last")
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	outage := false
	l := &logger{log: zerolog.New(&out).Level(zerolog.DebugLevel), gate: newGate(newInbox()), signals: newSignals(), outage: func() bool { return outage }}
	l.gate.open(make(chan struct{}))
	l.Info("to %v\n", "QQ")
	l.Warning("w")
	l.Error("e %d", 5)
	outage = true
	l.Error("unreachable")
	l.Dump([]byte("a secret message"), "format", 1)
	l.Debug("not written")
	want := []string{
		`{"level":"debug","library":"MiraiGo","message":"to QQ"}`,
		`{"level":"info","library":"MiraiGo","message":"w"}`,
		`{"level":"warn","library":"MiraiGo","message":"e 5"}`,
		`{"level":"debug","library":"MiraiGo","message":"unreachable"}`,
		`{"level":"debug","bytes":16,"library":"MiraiGo","message":"a packet could not be decoded"}`,
		"",
	}
	if got := out.String(); got != strings.Join(want, "\n") {
		t.Errorf("log:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	l.Debug(packetLine, groupMessagePush, uint16(1))
	l.Debug(packetLine, "Heartbeat.Alive", uint16(1))
	if l.gate.settled() || l.signals.kicked.Load() {
		t.Error("a group message is not noticed")
	}
	l.Debug(packetLine, forceOfflinePush, uint16(1))
	if !l.signals.kicked.Load() {
		t.Error("the end of the session is not noticed")
	}
	l.Debug(packetLine)
}

func TestEchoes(t *testing.T) {
	var e echoes
	m := protocol.Message{Ref: groupRef(5)}
	name := echo{m.Ref.Chat, m.Ref.Random}
	e.came(m) // nobody waits
	c := e.expect(name)
	other := m
	other.Ref.Random++
	e.came(other)
	select {
	case got := <-c:
		t.Fatalf("got %+v", got)
	default:
	}
	e.came(m)
	e.came(m)
	if got := <-c; got.Ref != m.Ref {
		t.Errorf("got %+v", got)
	}
	e.expect(name)
	e.forget(name)
	e.came(m)
	if len(e.waiting) != 0 {
		t.Errorf("%d wait", len(e.waiting))
	}
}

func TestPrivateSeqs(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	var before, after privateSeqs
	before.start(now)
	seen := map[uint32]bool{}
	for range 1000 {
		seen[before.next()] = true
	}
	after.start(now.Add(101 * time.Second)) // a restart later
	for range 1000 {
		seen[after.next()] = true
	}
	if len(seen) != 2000 {
		t.Errorf("%d different seqs of 2000", len(seen))
	}
	after.last = seqMask
	if n := after.next(); n != 1 {
		t.Errorf("after the highest comes %d", n)
	}
}

func TestState(t *testing.T) {
	var s state
	if _, err := s.current(); !errors.Is(err, protocol.ErrOffline) {
		t.Errorf("at first: %v", err)
	}
	s.begin(protocol.Account{UserID: 1})
	lost, err := s.current()
	if err != nil || s.get().Online || s.get().Self.UserID != 1 {
		t.Errorf("logged in: %+v, %v", s.get(), err)
	}
	s.online()
	if st := s.get(); !st.Online || st.Reason != "" || st.Since.IsZero() {
		t.Errorf("online: %+v", st)
	}
	if !s.offline("why") || s.offline("why else") {
		t.Error("a loss is told once")
	}
	<-lost
	if st := s.get(); st.Online || st.Reason != "why else" || st.Self.UserID != 1 {
		t.Errorf("offline: %+v", st)
	}
}
