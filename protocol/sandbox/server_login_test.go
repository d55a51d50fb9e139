package sandbox_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb/channel"
	"github.com/Mrs4s/MiraiGo/client/pb/structmsg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// tencentKey is the public key that MiraiGo uses when it could not ask for the server's (MiraiGo
// client/internal/oicq/ecdh.go).
const tencentKey = "04EBCA94D733E399B2DB96EACDD3F69A8BB0F74224E2B44E3357812211D2E62EFBC91BB553098E25E33A799ADC7F76FEB208DA7C6522CDB0719A305180CC54A82E"

func TestLoginByToken(t *testing.T) {
	s := serve(t, sandbox.Default())
	p := connect(t, s, 10001)
	tickets := p.exchange(serverKey(t, s))
	if !bytes.Equal(tickets[0x10a], p.token.TGT) || !bytes.Equal(tickets[0x143], p.token.D2) || !bytes.Equal(tickets[0x305], p.token.D2Key[:]) {
		t.Error("the tickets are not the token's")
	}
	if info := tickets[0x11a]; string(info[5:]) != "echo" || info[2] != 3 || info[3] != 255 {
		t.Errorf("profile = %x", info)
	}
	if sessions := s.Sessions(); len(sessions) != 1 || sessions[0].Online {
		t.Errorf("before the registration: %+v", sessions)
	}
	p.register()
	sessions := s.Sessions()
	if len(sessions) != 1 || !sessions[0].Online || sessions[0].UserID != 10001 || sessions[0].Remote != p.conn.LocalAddr().String() {
		t.Errorf("sessions = %+v", sessions)
	}
	p.register() // as MiraiGo does every seventh heartbeat
	if again := s.Sessions(); len(again) != 1 || !again[0].Since.Equal(sessions[0].Since) {
		t.Errorf("after another registration: %+v", again)
	}
}

// The rest of what MiraiGo asks before it calls itself logged in.
func TestCommandsAfterRegistration(t *testing.T) {
	p := login(t, serve(t, sandbox.Default()), 10001)
	var messages structmsg.RspSystemMsgNew
	p.askPB("ProfileService.Pb.ReqSystemMsgNew.Group", &structmsg.ReqSystemMsgNew{ReqMsgType: 1}, &messages)
	if messages.Head == nil {
		t.Error("no head")
	}
	p.ask("RegPrxySvc.getOffMsg", nil)
	var view channel.FirstViewRsp
	p.askPB("trpc.group_pro.synclogic.SyncLogic.SyncFirstView", &channel.FirstViewReq{}, &view)
	if view.SelfTinyid.Unwrap() != 144115000000010001 {
		t.Errorf("tiny id %d", view.SelfTinyid.Unwrap())
	}
	pkg, err := sso.OIDB{Command: 0xfc9, ServiceType: 1}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sso.ParseOIDB(p.ask("OidbSvcTrpcTcp.0xfc9_1", pkg))
	if err != nil || answer.Command != 0xfc9 || answer.ServiceType != 1 || answer.Result.IsNone() {
		t.Fatalf("%+v, %v", answer, err)
	}
	var profile channel.ChannelOidb0Xfc9Rsp
	if err := proto.Unmarshal(answer.Body, &profile); err != nil || profile.Profile == nil || profile.Profile.Nickname.Unwrap() != "echo" {
		t.Errorf("%+v, %v", profile, err)
	}
	a := p.call(sso.Request{Kind: sso.Login, Encryption: sso.Plain, TGT: p.token.TGT, Command: "Heartbeat.Alive"})
	if a.Encryption != sso.Plain || a.Code != 0 {
		t.Errorf("heartbeat: %+v", a)
	}
}

// A client that knows only Tencent's key can log in: its frames' heads prove enough.
func TestLoginWithTencentsKey(t *testing.T) {
	key, err := hex.DecodeString(tencentKey)
	if err != nil {
		t.Fatal(err)
	}
	p := connect(t, serve(t, sandbox.Default()), 20001)
	p.exchange(key)
	p.register()
}

func TestRenewedWebKey(t *testing.T) {
	s := serve(t, sandbox.Default())
	p := login(t, s, 10001)
	random := sso.Key{1, 2, 3}
	packet := sso.OICQ{Command: 0x0810, Uin: 10001, Method: sso.ByTicket, RandomKey: random}
	a := p.call(sso.Request{
		Kind: sso.Login, Encryption: sso.ByZeroKey, TGT: p.token.TGT, Command: "wtlogin.exchange_emp",
		Payload: packet.Request(random, sso.AppendTLVs([]byte{0, byte(sso.ExchangeSKey)})),
	})
	answer, err := sso.ParseOICQResponse(a.Payload, sso.Key{}, p.token.STKey)
	if err != nil {
		t.Fatal(err)
	}
	if tickets := p.tickets(answer, sso.ExchangeSKey, p.token.TGTGTKey); len(tickets[0x120]) != 11 {
		t.Errorf("web key %q", tickets[0x120])
	}
}

func TestLoginRefused(t *testing.T) {
	s := serve(t, sandbox.Default())
	t.Run("foreign D2", func(t *testing.T) {
		p := connect(t, s, 10001)
		p.refused(t, s, []byte("of another server"))
	})
	t.Run("foreign TGT", func(t *testing.T) {
		p := connect(t, s, 10001)
		p.token.TGT = []byte("of another server")
		p.refused(t, s, p.token.D2)
	})
	t.Run("unknown account", func(t *testing.T) {
		p := connect(t, s, 10001)
		p.token.Uin = 99999
		p.refused(t, s, p.token.D2)
	})
	t.Run("nobody has a key", func(t *testing.T) {
		key, err := hex.DecodeString(tencentKey)
		if err != nil {
			t.Fatal(err)
		}
		p := connect(t, s, 10001)
		p.token.TGT = []byte("of another server")
		packet := sso.OICQ{Command: 0x0810, Uin: 10001, Method: sso.ByECDH, PublicKey: key}
		a := p.call(sso.Request{
			Kind: sso.Login, Encryption: sso.ByZeroKey, TGT: p.token.TGT, Command: "wtlogin.exchange_emp", Payload: packet.Request(sso.Key{}, nil),
		})
		if a.Code != sso.CodeExpired {
			t.Errorf("code %d", a.Code)
		}
	})
	t.Run("registration with a foreign D2", func(t *testing.T) {
		p := connect(t, s, 10001)
		p.token.D2 = []byte("of another server")
		if a := p.call(p.registration()); a.Code != sso.CodeExpired {
			t.Errorf("code %d", a.Code)
		}
	})
	t.Run("frame of an unknown account", func(t *testing.T) {
		p := connect(t, s, 10001)
		p.token.Uin = 99999
		seq := p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "MessageSvc.PbGetMsg"})
		if a := p.answer(seq); a.Code != sso.CodeExpired || a.Encryption != sso.Plain {
			t.Errorf("%+v", a)
		}
	})
	for _, session := range s.Sessions() {
		if session.Online {
			t.Errorf("online: %+v", session)
		}
	}
}

// refused tries to log in and expects wtlogin's refusal under the shared key, which every client can read.
func (p *player) refused(t *testing.T, s *sandbox.Server, d2 []byte) {
	t.Helper()
	payload, share := p.exchangeAnswer(serverKey(t, s), sso.ExchangeD2, d2)
	answer, err := sso.ParseOICQResponse(payload, share, sso.Key{})
	if err != nil || !bytes.Equal(answer, []byte{0, byte(sso.ExchangeD2), 1, 0, 0}) {
		t.Errorf("answer = %x, %v", answer, err)
	}
}
