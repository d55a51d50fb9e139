package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"
	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// Every message of a burst comes once and in order, and no push bears a seq that a waiting request could have.
func TestPushedBurst(t *testing.T) {
	const groups, count = 10, 5000
	w := crowd(t, 0, groups)
	p := login(t, serve(t, w), 10001)
	if _, err := w.Burst(10001, groupsFrom(500, groups), count, "text"); err != nil {
		t.Fatal(err)
	}
	next := map[int64]int32{}
	for pushes := 0; pushes < count; {
		r := p.read()
		if r.Command == "RegPrxySvc.getOffMsg" {
			continue
		}
		pushes++
		// MiraiGo compares 16 bits; what waits for an answer is near its newest request.
		if ahead := uint16(r.Seq) - uint16(p.seq); ahead < 0x4000 || ahead > 0xC000 {
			t.Fatalf("a push with seq %d, the newest request has %d", r.Seq, p.seq)
		}
		var packet msg.PushMessagePacket
		if err := proto.Unmarshal(r.Payload, &packet); err != nil {
			t.Fatal(err)
		}
		h := packet.Message.Head
		g := h.GroupInfo.GroupCode.Unwrap()
		next[g]++
		if h.MsgSeq.Unwrap() != next[g] || wireText(packet.Message) != fmt.Sprintf("text #%d/%d", g, next[g]) {
			t.Fatalf("group %d: message %d is %q", g, h.MsgSeq.Unwrap(), wireText(packet.Message))
		}
		if pushes%100 == 0 { // the client talks all the while
			p.write(sso.Request{Kind: sso.Simple, Encryption: sso.ByD2Key, Command: "RegPrxySvc.getOffMsg"})
		}
	}
	if len(next) != groups {
		t.Errorf("%d groups", len(next))
	}
}

func groupsFrom(first protocol.GroupID, n int) []protocol.GroupID {
	list := make([]protocol.GroupID, n)
	for i := range list {
		list[i] = first + protocol.GroupID(i)
	}
	return list
}

// A client that does not read holds nobody else up.
func TestSlowClient(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	slow, quick := login(t, s, 20001), login(t, s, 20003)
	const count = 3000
	if _, err := w.Burst(20002, []protocol.GroupID{30001}, count, string(make([]byte, 2000))); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*player{quick, slow} {
		for i := range count {
			if m := p.groupPush(); m.Head.MsgSeq.Unwrap() != int32(i+1) {
				t.Fatalf("message %d has seq %d", i+1, m.Head.MsgSeq.Unwrap())
			}
		}
	}
}

// BenchmarkPushes is the time for one group message, from the World to the client's socket.
func BenchmarkPushes(b *testing.B) {
	w := sandbox.Default()
	s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.Nop()})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(b.Context()) }()
	p := connect(b, s, 10001)
	p.register()
	b.ResetTimer()
	if _, err := w.Burst(20001, []protocol.GroupID{30001}, b.N, "text"); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		if _, err := sso.ReadFrame(p.reader); err != nil {
			b.Fatal(err)
		}
	}
}
