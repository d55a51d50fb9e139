package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// forcedOffline waits for MessageSvc.PushForceOffline and returns the reason.
func (p *player) forcedOffline() string {
	p.t.Helper()
	s, err := sso.OpenEnvelope2(p.push("MessageSvc.PushForceOffline"), "req_PushForceOffline", "PushNotifyPack.RequestPushForceOffline")
	if err != nil {
		p.t.Fatal(err)
	}
	return s.String(2)
}

// expired sends a command and expects the code that ends the session.
func (p *player) expired() {
	p.t.Helper()
	a := p.call(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
	if a.Code != sso.CodeExpired || len(a.Payload) != 0 {
		p.t.Fatalf("answered %+v", a)
	}
}

// unheard sends a command that must not be answered; whether it was shows with the next answer.
func (p *player) unheard() {
	p.t.Helper()
	p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
}

func online(s *sandbox.Server) int {
	n := 0
	for _, session := range s.Sessions() {
		if session.Online {
			n++
		}
	}
	return n
}

func TestSecondLoginForcesTheFirstOffline(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	first := login(t, s, 10001)
	second := login(t, s, 10001)
	if reason := first.forcedOffline(); !strings.Contains(reason, "另一台设备") {
		t.Errorf("reason %q", reason)
	}
	first.unheard()
	quiet(t, w, 20001, 30001, second)
	if n := online(s); n != 1 {
		t.Errorf("%d sessions online", n)
	}
	// The first can come back over the connection that it still has, and takes the session with it.
	first.exchange(serverKey(t, s))
	first.register()
	second.forcedOffline()
	quiet(t, w, 20001, 30001, first)
}

func TestForceOffline(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	p, other := login(t, s, 10001), login(t, s, 20001)
	if err := s.ForceOffline(10001, "banned"); err != nil {
		t.Fatal(err)
	}
	if reason := p.forcedOffline(); reason != "banned" {
		t.Errorf("reason %q", reason)
	}
	p.unheard()
	quiet(t, w, 20001, 30001, other)
	p.exchange(serverKey(t, s))
	if len(p.pushed) != 0 {
		t.Errorf("heard %+v", p.pushed)
	}
	for _, err := range []error{s.ForceOffline(10001, "again"), s.Expire(10001), s.ForceOffline(99, "nobody")} {
		if err == nil || !strings.Contains(err.Error(), "not online") {
			t.Errorf("error = %v", err)
		}
	}
}

func TestExpire(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	t.Run("answer", func(t *testing.T) {
		p := login(t, s, 10001)
		if err := s.Expire(10001); err != nil {
			t.Fatal(err)
		}
		p.expired()
		p.expired()
		p.exchange(serverKey(t, s)) // the token is still good
		p.register()
		quiet(t, w, 20001, 30001, p)
	})
	t.Run("registration", func(t *testing.T) { // MiraiGo repeats it; that must not bring the session back
		p := login(t, s, 20002)
		if err := s.Expire(20002); err != nil {
			t.Fatal(err)
		}
		if a := p.call(p.registration()); a.Code != sso.CodeExpired {
			t.Errorf("answered %+v", a)
		}
		p.expired()
		if err := s.Expire(20002); err == nil {
			t.Error("still online")
		}
	})
	t.Run("push", func(t *testing.T) {
		p := login(t, s, 20001)
		if err := s.Expire(20001); err != nil {
			t.Fatal(err)
		}
		say(t, w, 20002, 30001, "x")
		if r := p.read(); r.Code != sso.CodeExpired {
			t.Errorf("%+v", r)
		}
		if err := s.Expire(20001); err == nil {
			t.Error("expired twice")
		}
	})
}

func TestDropConnections(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	alice, bob, offline := login(t, s, 20001), login(t, s, 20002), connect(t, s, 10001)
	offline.ask("Heartbeat.Alive", nil) // now the server has seen it
	if n := s.DropConnections(20001); n != 1 {
		t.Errorf("%d dropped", n)
	}
	alice.closed()
	quiet(t, w, 20001, 30001, bob)
	equal(t, len(s.Sessions()), 2) // at once: whoever asks next is not told of a session that is gone
	if n := s.DropConnections(20001); n != 0 {
		t.Errorf("%d dropped of a connection that is gone", n)
	}
	if n := s.DropConnections(0); n != 2 {
		t.Errorf("%d dropped of all", n)
	}
	equal(t, len(s.Sessions()), 0)
	bob.closed()
	offline.closed()
	// MiraiGo's way back: a registration without a login.
	again := connect(t, s, 20002)
	again.register()
	quiet(t, w, 20001, 30001, again)
}

func TestUnknownCommands(t *testing.T) {
	w := sandbox.Default()
	s := run(t, w)
	p := login(t, s, 10001)
	for _, command := range []string{"OidbSvc.0x8a0_0", "Made.Up", "OidbSvc.0x8a0_0"} {
		p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: command})
	}
	p.ask("RegPrxySvc.getOffMsg", nil)
	equal(t, s.Unanswered(), []string{"OidbSvc.0x8a0_0", "Made.Up"})
	quiet(t, w, 20001, 30001, p)
}

// Whatever a client sends, nobody else's connection suffers.
func TestMalformedFrames(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bystander := login(t, s, 20001)
	oneFrame := func(r sso.Request) func(*player) {
		return func(p *player) { p.write(r) }
	}
	simple := func(command, payload string) func(*player) {
		return oneFrame(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: command, Payload: []byte(payload)})
	}
	for name, act := range map[string]func(*player){
		"no frame":         func(p *player) { fmt.Fprint(p.conn, "GET / HTTP/1.1\r\n\r\n") },
		"a length of zero": func(p *player) { fmt.Fprint(p.conn, "\x00\x00\x00\x00") },
		"a short frame":    func(p *player) { fmt.Fprint(p.conn, "\x00\x00\x00\x08\x00\x00\x00\x0B") },
		"a wrong key": func(p *player) {
			p.token.D2Key = sso.Key{1}
			p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "StatSvc.register"})
		},
		"somebody else's frame": func(p *player) {
			p.register()
			p.token.Uin = 20002
			p.write(sso.Request{Kind: sso.Simple, Encryption: sso.Plain, Command: "RegPrxySvc.getOffMsg"})
		},
		"login without oicq":    oneFrame(sso.Request{Kind: sso.Login, Encryption: sso.ByZeroKey, Command: "wtlogin.exchange_emp"}),
		"register without JCE":  oneFrame(sso.Request{Kind: sso.Login, Encryption: sso.ByD2Key, Command: "StatSvc.register", Payload: []byte{0xFF}}),
		"friends without JCE":   simple("friendlist.getFriendGroupList", "\x10"),
		"groups without JCE":    simple("friendlist.GetTroopListReqV2", ""),
		"members without JCE":   simple("friendlist.GetTroopMemberListReq", "\x07"),
		"profile without JCE":   simple("SummaryCard.ReqSummaryCard", "x"),
		"card without protobuf": simple("group_member_card.get_group_member_card_info", "\x0A\xFF"),
		"group info":            simple("OidbSvc.0x88d_0", "\x0A\xFF"),
		"message":               simple("MessageSvc.PbSendMsg", "\x0A\xFF\xFF"),
		"history":               simple("MessageSvc.PbGetGroupMsg", "\x08"),
		"recall":                simple("PbMessageSvc.PbMsgWithDraw", "\x0A\x05"),
		"acknowledgement":       simple("MessageSvc.PbDeleteMsg", "\x0A\x05"),
		"guild profile":         simple("OidbSvcTrpcTcp.0xfc9_1", "\x0A\x05"),
	} {
		t.Run(name, func(t *testing.T) {
			p := connect(t, s, 10001)
			act(p)
			p.closed()
		})
	}
	quiet(t, w, 20001, 30001, bystander)
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:0", "localhost:0", ":0", "[::]:0", "127.0.0.1"} {
		s := sandbox.NewServer(sandbox.Default(), sandbox.ServerOptions{Log: zerolog.Nop()})
		if err := s.Listen(addr); err == nil {
			t.Errorf("listens on %s", addr)
		}
		if s.Addr().IsValid() {
			t.Errorf("%s: address %v", addr, s.Addr())
		}
		if err := s.Serve(t.Context()); err == nil {
			t.Errorf("%s: serves without a port", addr)
		}
		if _, err := s.Credentials(10001); err == nil {
			t.Errorf("%s: credentials without an address", addr)
		}
	}
	s := serve(t, sandbox.Default())
	if err := s.Listen("127.0.0.1:0"); err == nil {
		t.Error("listens twice")
	}
	if err := sandbox.NewServer(sandbox.Default(), sandbox.ServerOptions{}).Listen(s.Addr().String()); err == nil {
		t.Error("two servers on one port")
	}
}

// Serve leaves nothing behind, however busy its connections are.
func TestServeEnds(t *testing.T) {
	w := sandbox.Default()
	s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.Nop()})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	reading, deaf := login(t, s, 10001), login(t, s, 20001)
	if _, err := w.Burst(20002, []protocol.GroupID{30001}, 3000, strings.Repeat("x", 2000)); err != nil {
		t.Fatal(err)
	}
	reading.groupPush()
	cancel()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Serve goes on")
	}
	deaf.closed()
	if _, err := net.DialTimeout("tcp", s.Addr().String(), time.Second); err == nil {
		t.Error("the port is still open")
	}
	if len(s.Sessions()) != 0 {
		t.Errorf("sessions = %+v", s.Sessions())
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
