package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// patience is how long a test waits for a frame that must come.
const patience = 10 * time.Second

// player is a QQ client that is nothing but frames: what it gets is read when the test wants it.
type player struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
	token  sso.Token
	seq    uint32
	pushed []sso.Response // read while an answer was waited for
}

// connect dials the server for u, without a login.
func connect(t testing.TB, s *sandbox.Server, u protocol.UserID) *player {
	t.Helper()
	c, err := s.Credentials(u)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sso.ParseToken(c.Token)
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(t.Context(), "tcp", c.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &player{t: t, conn: conn, reader: bufio.NewReader(conn), token: token, seq: 60000}
}

// login connects and logs in.
func login(t *testing.T, s *sandbox.Server, u protocol.UserID) *player {
	t.Helper()
	p := connect(t, s, u)
	p.logIn(s)
	return p
}

// logIn goes through a login by token as MiraiGo does, the first, empty fetch of mail included.
func (p *player) logIn(s *sandbox.Server) {
	p.t.Helper()
	p.exchange(serverKey(p.t, s))
	p.register()
	p.fetchMail()
}

// serverKey is the public key that the server's transport tells.
func serverKey(t testing.TB, s *sandbox.Server) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://keyrotate.qq.com/rotate_key?cipher_suite_ver=305&uin=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct{ PubKeyMeta struct{ PubKey string } }
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	key, err := hex.DecodeString(page.PubKeyMeta.PubKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// write sends a frame and returns its seq.
func (p *player) write(r sso.Request) uint32 {
	p.t.Helper()
	p.seq++
	r.Seq, r.Uin, r.SessionID = p.seq&0xFFFF, int64(p.token.Uin), p.token.SessionID
	if _, err := p.conn.Write(r.Append(nil, p.token.D2Key)); err != nil {
		p.t.Fatal(err)
	}
	return r.Seq
}

// read waits for the next frame.
func (p *player) read() sso.Response {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	frame, err := sso.ReadFrame(p.reader)
	if err != nil {
		p.t.Fatalf("wait for a frame: %v", err)
	}
	r, err := sso.ParseResponse(frame, p.token.D2Key)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// answer reads on to the answer with this seq.
func (p *player) answer(seq uint32) sso.Response {
	p.t.Helper()
	for {
		r := p.read()
		if r.Seq == seq {
			return r
		}
		p.pushed = append(p.pushed, r)
	}
}

func (p *player) call(r sso.Request) sso.Response {
	p.t.Helper()
	seq := p.write(r)
	a := p.answer(seq)
	if a.Command != r.Command {
		p.t.Fatalf("%s is answered by %q", r.Command, a.Command)
	}
	return a
}

// ask sends a command as most are sent and returns the answer's payload.
func (p *player) ask(command string, payload []byte) []byte {
	p.t.Helper()
	a := p.call(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: command, Payload: payload})
	if a.Code != 0 {
		p.t.Fatalf("%s is answered with code %d", command, a.Code)
	}
	return a.Payload
}

// askPB is ask for commands in protobuf.
func (p *player) askPB(command string, in, out any) {
	p.t.Helper()
	payload, err := proto.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := proto.Unmarshal(p.ask(command, payload), out); err != nil {
		p.t.Fatalf("%s: %v", command, err)
	}
}

// push waits for the next push, which must be of this command.
func (p *player) push(command string) []byte {
	p.t.Helper()
	var r sso.Response
	if len(p.pushed) > 0 {
		r, p.pushed = p.pushed[0], p.pushed[1:]
	} else {
		r = p.read()
	}
	if r.Command != command || r.Code != 0 || r.Encryption != sso.ByD2Key {
		p.t.Fatalf("a push of %q with code %d, %q expected", r.Command, r.Code, command)
	}
	return r.Payload
}

// quiet says something in group g, of which speaker and all players are members, and fails if a player gets anything
// else before it: what happened earlier has been pushed by then, or will not be. Mail is noticed after the pushes of the
// same moment, hence the second time.
func quiet(t *testing.T, w *sandbox.World, speaker protocol.UserID, g protocol.GroupID, players ...*player) {
	t.Helper()
	for range 2 {
		marker := say(t, w, speaker, g, "marker")
		for _, p := range players {
			if m := p.groupPush(); m.Head.GroupInfo.GroupCode.Unwrap() != int64(g) || m.Head.MsgSeq.Unwrap() != int32(marker.Seq) {
				t.Fatalf("an unexpected message: %+v", m.Head)
			}
		}
	}
}

// closed waits for the server to hang up.
func (p *player) closed() {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	for {
		_, err := sso.ReadFrame(p.reader)
		if isTimeout(err) {
			p.t.Fatal("the server does not hang up")
		}
		if err != nil {
			return
		}
	}
}

// exchange logs in by token against the server whose public key this is, and returns the tickets.
func (p *player) exchange(public []byte) map[uint16][]byte {
	p.t.Helper()
	body, share := p.exchangeAnswer(public, sso.ExchangeD2, p.token.D2)
	opened, err := sso.ParseOICQResponse(body, share, p.token.STKey)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.tickets(opened, sso.ExchangeD2, p.token.ExchangeKey())
}

func (p *player) exchangeAnswer(public []byte, subcommand uint16, d2 []byte) (payload []byte, share sso.Key) {
	p.t.Helper()
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	if share, err = sso.ShareKey(own, public); err != nil {
		p.t.Fatal(err)
	}
	packet := sso.OICQ{Command: 0x0810, Uin: uint32(p.token.Uin), Method: sso.ByECDH, PublicKey: own.PublicKey().Bytes()}
	body := sso.AppendTLVs([]byte{byte(subcommand >> 8), byte(subcommand)}, sso.TLV{Tag: 0x143, Value: d2})
	a := p.call(sso.Request{
		Kind: sso.Login, Encryption: sso.ByZeroKey, TGT: p.token.TGT, Command: "wtlogin.exchange_emp", Payload: packet.Request(share, body),
	})
	if a.Code != 0 {
		p.t.Fatalf("the exchange is answered with code %d", a.Code)
	}
	return a.Payload, share
}

// tickets opens a successful answer.
func (p *player) tickets(answer []byte, subcommand uint16, key sso.Key) map[uint16][]byte {
	p.t.Helper()
	if len(answer) < 3 || !bytes.Equal(answer[:3], []byte{byte(subcommand >> 8), byte(subcommand), 0}) {
		p.t.Fatalf("the exchange is answered %x", answer)
	}
	outer, err := sso.ParseTLVs(answer[3:])
	if err != nil {
		p.t.Fatal(err)
	}
	plain, err := key.Open(outer[0x119])
	if err != nil {
		p.t.Fatal(err)
	}
	tickets, err := sso.ParseTLVs(plain)
	if err != nil {
		p.t.Fatal(err)
	}
	return tickets
}

// register goes online.
func (p *player) register() {
	p.t.Helper()
	a := p.call(p.registration())
	if a.Code != 0 {
		p.t.Fatalf("the registration is answered with code %d", a.Code)
	}
	out, err := sso.OpenEnvelope2(a.Payload, "SvcRespRegister", "QQService.SvcRespRegister")
	if err != nil || out.Int(2) != 0 || out.String(3) != "" || out.Int(0) != int64(p.token.Uin) {
		p.t.Fatalf("registered: %v, %v", out, err)
	}
}

func (p *player) registration() sso.Request {
	var in sso.Writer
	in.Int(0, int64(p.token.Uin)).Int(1, 7).Int(4, 11)
	return sso.Request{
		Kind: sso.Login, Encryption: sso.ByD2Key, D2: p.token.D2, TGT: p.token.TGT, Command: "StatSvc.register",
		Payload: sso.Envelope3("PushService", "SvcReqRegister", "SvcReqRegister", &in),
	}
}
