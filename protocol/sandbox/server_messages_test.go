package sandbox_test

import (
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/Mrs4s/MiraiGo/client/pb/notify"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// send lets the client send elements and returns the result code. Exactly one of group and peer is not 0.
func (p *player) send(group protocol.GroupID, peer protocol.UserID, seq, random int32, elems ...mirai.IMessageElement) int32 {
	p.t.Helper()
	routing := &msg.RoutingHead{}
	if group != 0 {
		routing.Grp = &msg.Grp{GroupCode: proto.Some(int64(group))}
	} else {
		routing.C2C = &msg.C2C{ToUin: proto.Some(int64(peer))}
	}
	var out msg.SendMessageResponse
	p.askPB("MessageSvc.PbSendMsg", &msg.SendMessageRequest{
		RoutingHead: routing,
		MsgBody:     &msg.MessageBody{RichText: &msg.RichText{Elems: mirai.ToProtoElems(elems, true)}},
		MsgSeq:      proto.Some(seq), MsgRand: proto.Some(random),
	}, &out)
	if (out.Result.Unwrap() == 0) != (out.ErrMsg.Unwrap() == "") || out.Result.IsNone() {
		p.t.Errorf("result %d with words %q", out.Result.Unwrap(), out.ErrMsg.Unwrap())
	}
	return out.Result.Unwrap()
}

// groupPush waits for a group message.
func (p *player) groupPush() *msg.Message {
	p.t.Helper()
	var packet msg.PushMessagePacket
	if err := proto.Unmarshal(p.push("OnlinePush.PbPushGroupMsg"), &packet); err != nil {
		p.t.Fatal(err)
	}
	return packet.Message
}

// notice waits for a push of OnlinePush.ReqPush with one item and returns its bytes; uid tells items apart.
func (p *player) notice(typ int64) (vmsg []byte, uid int64) {
	p.t.Helper()
	s, err := sso.OpenEnvelope2(p.push("OnlinePush.ReqPush"), "req", "OnlinePushPack.SvcReqPushMsg")
	if err != nil {
		p.t.Fatal(err)
	}
	items := s.Structs(2)
	if s.Int(0) != int64(p.token.Uin) || len(items) != 1 || items[0].Int(2) != typ {
		p.t.Fatalf("notice %v", s)
	}
	return items[0].Bytes(6), items[0].Int(10)
}

// fetchMail is MessageSvc.PbGetMsg.
func (p *player) fetchMail() []*msg.Message {
	p.t.Helper()
	var out msg.GetMessageResponse
	p.askPB("MessageSvc.PbGetMsg", &msg.GetMessageRequest{SyncFlag: proto.Some(msg.SyncFlag_START)}, &out)
	if out.SyncFlag.Unwrap() != msg.SyncFlag_STOP || len(out.SyncCookie) == 0 {
		p.t.Errorf("sync flag %d, cookie %x", out.SyncFlag.Unwrap(), out.SyncCookie)
	}
	var all []*msg.Message
	for _, pair := range out.UinPairMsgs {
		for _, m := range pair.Messages {
			if m.Head.FromUin.Unwrap() != pair.PeerUin.Unwrap() {
				p.t.Errorf("a message of %d under %d", m.Head.FromUin.Unwrap(), pair.PeerUin.Unwrap())
			}
			all = append(all, m)
		}
	}
	return all
}

// mailNotice waits for MessageSvc.PushNotify.
func (p *player) mailNotice() {
	p.t.Helper()
	payload := p.push("MessageSvc.PushNotify")
	s, err := sso.OpenEnvelope2(payload[4:], "req_PushNotify", "PushNotifyPack.RequestPushNotify")
	if err != nil || s.Int(0) != int64(p.token.Uin) || s.Int(5) != 166 {
		p.t.Fatalf("notice %v, %v", s, err)
	}
}

func wireText(m *msg.Message) string {
	return mirai.ToReadableString(mirai.ParseMessageElems(m.Body.RichText.Elems))
}

func TestGroupMessage(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	alice, bob, an := login(t, s, 20001), login(t, s, 20002), login(t, s, 20003)
	if code := alice.send(30001, 0, 1, -7, mirai.NewText("hello")); code != 0 {
		t.Fatalf("result %d", code)
	}
	for _, p := range []*player{alice, bob} { // the sender too
		m := p.groupPush()
		h, g := m.Head, m.Head.GroupInfo
		if h.FromUin.Unwrap() != 20001 || h.ToUin.Unwrap() != int64(p.token.Uin) || h.MsgType.Unwrap() != 82 || h.MsgSeq.Unwrap() != 1 ||
			g.GroupCode.Unwrap() != 30001 || string(g.GroupName) != "echogate test" || g.GroupCard.Unwrap() != "Alice" {
			t.Errorf("head = %+v", h)
		}
		if m.Body.RichText.Attr.Random.Unwrap() != -7 || m.Content.PkgNum.Unwrap() != 1 || wireText(m) != "hello" {
			t.Errorf("message = %+v, %q", m.Body.RichText.Attr, wireText(m))
		}
	}
	said := w.GroupMessages(30001, 1, 1)
	if len(said) != 1 || said[0].Random != 0xFFFFFFF9 || said[0].Body.CQ() != "hello" {
		t.Errorf("the world has %+v", said)
	}
	if m := an.groupPush(); wireText(m) != "hello" {
		t.Errorf("message = %q", wireText(m))
	}
	// A member without a card is shown by his nickname, and who is not a member sees nothing.
	say(t, w, 20002, 30003, "hi")
	if m := alice.groupPush(); m.Head.GroupInfo.GroupCard.Unwrap() != "Bob" || string(m.Head.GroupInfo.GroupName) != "Announcements" {
		t.Errorf("head = %+v", m.Head)
	}
	quiet(t, w, 20001, 30002, an)
}

func TestSendRefused(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bob := login(t, s, 20002)
	for name, c := range map[string]struct {
		group protocol.GroupID
		peer  protocol.UserID
		text  string
		want  int32
	}{
		"muted":        {group: 30002, text: "x", want: sandbox.CodeMuted},
		"no group":     {group: 5, text: "x", want: sandbox.CodeNotMember},
		"not a friend": {peer: 20003, text: "x", want: sandbox.CodeNotFriend},
		"empty":        {group: 30001, want: sandbox.CodeMalformed},
	} {
		var elems []mirai.IMessageElement
		if c.text != "" {
			elems = append(elems, mirai.NewText(c.text))
		}
		if code := bob.send(c.group, c.peer, 1, 2, elems...); code != c.want {
			t.Errorf("%s: result %d, want %d", name, code, c.want)
		}
	}
	for name, in := range map[string]*msg.SendMessageRequest{
		"nothing": {},
		"to a stranger in a group": {
			RoutingHead: &msg.RoutingHead{GrpTmp: &msg.GrpTmp{GroupUin: proto.Some(int64(1)), ToUin: proto.Some(int64(20005))}},
			MsgBody:     &msg.MessageBody{RichText: &msg.RichText{Elems: mirai.ToProtoElems([]mirai.IMessageElement{mirai.NewText("x")}, false)}},
		},
	} {
		var out msg.SendMessageResponse
		bob.askPB("MessageSvc.PbSendMsg", in, &out)
		if out.Result.Unwrap() == 0 {
			t.Errorf("%s: sent", name)
		}
	}
	s.SetFaults(sandbox.Faults{RefuseSends: 46})
	if code := bob.send(30001, 0, 1, 2, mirai.NewText("x")); code != 46 {
		t.Errorf("with a fault: result %d", code)
	}
	s.SetFaults(sandbox.Faults{})
	if last := w.LastSeq(30001); last != 0 {
		t.Errorf("the world has %d messages", last)
	}
	quiet(t, w, 20001, 30001, bob)
}

func TestPrivateMessage(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bot, alice := login(t, s, 10001), login(t, s, 20001)
	if code := bot.send(0, 20001, 22912, 5, mirai.NewText("one")); code != 0 {
		t.Fatalf("result %d", code)
	}
	alice.mailNotice()
	whisper(t, w, 10001, 20001, "two")
	quiet(t, w, 20002, 30001, bot, alice) // no second notice before the first is followed
	mail := alice.fetchMail()
	if len(mail) != 2 {
		t.Fatalf("%d messages", len(mail))
	}
	h := mail[0].Head
	if h.FromUin.Unwrap() != 10001 || h.ToUin.Unwrap() != 20001 || h.MsgType.Unwrap() != 166 || h.C2CCmd.Unwrap() != 11 || h.MsgSeq.Unwrap() != 22912 ||
		h.MsgUid.Unwrap() != 0x0100_0000_0000_0005 || mail[0].Body.RichText.Attr.Random.Unwrap() != 5 || wireText(mail[0]) != "one" {
		t.Errorf("%+v %q", h, wireText(mail[0]))
	}
	if wireText(mail[1]) != "two" || mail[1].Head.MsgSeq.Unwrap() != 22913 {
		t.Errorf("%+v %q", mail[1].Head, wireText(mail[1]))
	}
	if again := alice.fetchMail(); len(again) != 0 {
		t.Errorf("fetched twice: %+v", again)
	}
	var items []*pb.MessageItem
	for _, m := range mail {
		items = append(items, &pb.MessageItem{FromUin: 10001, ToUin: 20001, MsgType: 166, MsgSeq: m.Head.MsgSeq.Unwrap(), MsgUid: m.Head.MsgUid.Unwrap()})
	}
	alice.askPB("MessageSvc.PbDeleteMsg", &pb.DeleteMessageRequest{Items: items}, &struct{}{})
	quiet(t, w, 20002, 30001, bot, alice) // in particular no echo of its own to the bot
}

// MiraiGo throws away what its first fetch after a login brings: nothing may be in it, and nothing be lost.
func TestFirstFetchIsEmpty(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	p := connect(t, s, 10001)
	p.exchange(serverKey(t, s))
	p.register()
	whisper(t, w, 20001, 10001, "early")
	say(t, w, 20001, 30001, "later in the log")
	p.groupPush() // and no notice before
	if mail := p.fetchMail(); len(mail) != 0 {
		t.Errorf("the first fetch brings %d messages", len(mail))
	}
	p.mailNotice()
	if mail := p.fetchMail(); len(mail) != 1 || wireText(mail[0]) != "early" {
		t.Errorf("the second fetch brings %d messages", len(mail))
	}
}

// After a lost connection MiraiGo registers anew without a login, and makes no first fetch.
func TestMailAfterReconnection(t *testing.T) {
	w := sandbox.Default()
	p := connect(t, serve(t, w), 10001)
	p.register()
	whisper(t, w, 20001, 10001, "hello again")
	p.mailNotice()
	if mail := p.fetchMail(); len(mail) != 1 {
		t.Errorf("%d messages", len(mail))
	}
}

func TestMuchMail(t *testing.T) {
	w := sandbox.Default()
	p := login(t, serve(t, w), 10001)
	const count = 250
	for range count {
		whisper(t, w, 20001, 10001, "x")
	}
	for got := 0; got < count; {
		p.mailNotice()
		mail := p.fetchMail()
		for i, m := range mail {
			if m.Head.MsgSeq.Unwrap() != int32(got+i+1) {
				t.Fatalf("message %d has seq %d", got+i, m.Head.MsgSeq.Unwrap())
			}
		}
		if got += len(mail); len(mail) == 0 || len(mail) > 100 {
			t.Fatalf("a fetch of %d", len(mail))
		}
	}
	quiet(t, w, 20001, 30001, p)
}

func TestHistory(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	alice, eve := login(t, s, 20001), login(t, s, 20006)
	for range 30 {
		say(t, w, 20002, 30001, "x")
	}
	if _, err := w.RecallGroup(20002, 30001, 29, 0); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		alice.groupPush()
	}
	alice.notice(732)
	for name, c := range map[string]struct {
		begin, end uint64
		want       []int32
	}{
		"some":              {3, 5, []int32{3, 4, 5}},
		"recalled":          {28, 30, []int32{28, 30}},
		"beyond the end":    {30, 40, []int32{30}},
		"begin below zero":  {1<<64 - 9, 2, []int32{1, 2}},
		"end before begin":  {5, 3, nil},
		"the newest twenty": {0, 25, []int32{6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25}},
	} {
		var out msg.GetGroupMsgResp
		in := &msg.GetGroupMsgReq{GroupCode: proto.Some(uint64(30001)), BeginSeq: proto.Some(c.begin), EndSeq: proto.Some(c.end)}
		alice.askPB("MessageSvc.PbGetGroupMsg", in, &out)
		var got []int32
		for _, m := range out.Msg {
			got = append(got, m.Head.MsgSeq.Unwrap())
			if m.Content == nil || m.Head.ToUin.Unwrap() != 20001 {
				t.Errorf("%s: %+v", name, m)
			}
		}
		equal(t, got, c.want)
	}
	var out msg.GetGroupMsgResp
	eve.askPB("MessageSvc.PbGetGroupMsg", &msg.GetGroupMsgReq{GroupCode: proto.Some(uint64(30001)), EndSeq: proto.Some(uint64(9))}, &out)
	if out.Result.Unwrap() == 0 || len(out.Msg) != 0 {
		t.Errorf("a stranger reads %+v", out)
	}
}

func (p *player) recallGroup(g protocol.GroupID, seq uint32, random uint32) (int32, string) {
	p.t.Helper()
	var out msg.MsgWithDrawResp
	p.askPB("PbMessageSvc.PbMsgWithDraw", &msg.MsgWithDrawReq{GroupWithDraw: []*msg.GroupMsgWithDrawReq{{
		GroupCode: proto.Some(int64(g)),
		MsgList:   []*msg.GroupMsgInfo{{MsgSeq: proto.Some(int32(seq)), MsgRandom: proto.Some(int32(random))}},
	}}}, &out)
	if len(out.GroupWithDraw) != 1 || len(out.C2CWithDraw) != 0 {
		p.t.Fatalf("%+v", out)
	}
	return out.GroupWithDraw[0].Result.Unwrap(), out.GroupWithDraw[0].ErrMsg.Unwrap()
}

func TestGroupRecall(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bob, alice := login(t, s, 20002), login(t, s, 20001)
	first, second := say(t, w, 20003, 30001, "x"), say(t, w, 20001, 30001, "the owner's")
	for range 2 {
		bob.groupPush()
		alice.groupPush()
	}
	if code, words := bob.recallGroup(30001, second.Seq, second.Random); code != sandbox.CodeRecall || words == "Success" {
		t.Errorf("an admin recalls the owner's: %d %q", code, words)
	}
	if code, words := bob.recallGroup(30001, first.Seq, first.Random); code != 0 || words != "Success" {
		t.Fatalf("%d %q", code, words)
	}
	for _, p := range []*player{bob, alice} {
		vmsg, uid := p.notice(732)
		var body notify.NotifyMsgBody
		if err := proto.Unmarshal(vmsg[7:], &body); err != nil {
			t.Fatal(err)
		}
		equal(t, vmsg[:7], []byte{0, 0, 0x75, 0x31, 0x11, 0, 0})
		recall := body.OptMsgRecall
		if recall.Uin != 20002 || len(recall.RecalledMsgList) != 1 || uid == 0 {
			t.Fatalf("%+v", recall)
		}
		if m := recall.RecalledMsgList[0]; m.Seq != int32(first.Seq) || m.AuthorUin != 20003 || m.MsgRandom != int32(first.Random) ||
			int64(m.Time) != first.Time {
			t.Errorf("%+v", m)
		}
	}
}

func (p *player) recallPrivate(peer protocol.UserID, m sandbox.Message) int32 {
	p.t.Helper()
	var out msg.MsgWithDrawResp
	p.askPB("PbMessageSvc.PbMsgWithDraw", &msg.MsgWithDrawReq{C2CWithDraw: []*msg.C2CMsgWithDrawReq{{
		MsgInfo: []*msg.C2CMsgInfo{{
			FromUin: proto.Some(int64(p.token.Uin)), ToUin: proto.Some(int64(peer)), MsgSeq: proto.Some(int32(m.Seq)), MsgRandom: proto.Some(int32(m.Random)),
		}},
	}}}, &out)
	if len(out.C2CWithDraw) != 1 {
		p.t.Fatalf("%+v", out)
	}
	return out.C2CWithDraw[0].Result.Unwrap()
}

func (p *player) privateRecall() *pb.Sub8AMsgInfo {
	p.t.Helper()
	vmsg, _ := p.notice(528)
	s, err := sso.ParseStruct(vmsg)
	if err != nil || s.Int(0) != 0x8A {
		p.t.Fatalf("%v, %v", s, err)
	}
	var sub pb.Sub8A
	if err := proto.Unmarshal(s.Bytes(10), &sub); err != nil || len(sub.MsgInfo) != 1 {
		p.t.Fatalf("%+v, %v", sub, err)
	}
	return sub.MsgInfo[0]
}

func TestPrivateRecall(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bot, alice := login(t, s, 10001), login(t, s, 20001)
	m := whisper(t, w, 20001, 10001, "x")
	bot.mailNotice()
	if code := bot.recallPrivate(20001, m); code != sandbox.CodeRecall {
		t.Errorf("the receiver recalls: %d", code)
	}
	// While the message waits to be fetched its recall waits too.
	if code := alice.recallPrivate(10001, m); code != 0 {
		t.Fatalf("result %d", code)
	}
	marker := say(t, w, 20001, 30001, "after the recall in the log")
	if got := bot.groupPush(); got.Head.MsgSeq.Unwrap() != int32(marker.Seq) {
		t.Fatalf("%+v", got.Head)
	}
	if mail := bot.fetchMail(); len(mail) != 1 {
		t.Fatalf("%d messages", len(mail))
	}
	for i := range 2 {
		got := bot.privateRecall()
		if got.FromUin != 20001 || got.ToUin != 10001 || got.MsgSeq != int32(m.Seq) || got.MsgRandom != int32(m.Random) || got.MsgTime != m.Time {
			t.Errorf("recall %d: %+v", i, got)
		}
		if i == 0 { // the next one finds its message fetched
			m = whisper(t, w, 20001, 10001, "y")
			bot.mailNotice()
			bot.fetchMail()
			if _, err := w.RecallPrivate(20001, 10001, m.Seq, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	alice.groupPush()
	quiet(t, w, 20002, 30001, alice)
}

// What a client cannot make sense of still reaches the others as it was sent.
func TestUnknownElementsPassThrough(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	bob, alice := login(t, s, 20002), login(t, s, 20001)
	if code := bob.send(30001, 0, 1, 2, mirai.NewLightApp(`{"app":"x"}`)); code != 0 {
		t.Fatalf("result %d", code)
	}
	got := mirai.ParseMessageElems(alice.groupPush().Body.RichText.Elems)
	if len(got) != 1 || got[0].(*mirai.LightAppElement).Content != `{"app":"x"}` {
		t.Errorf("got %#v", got)
	}
	body := w.GroupMessages(30001, 1, 1)[0].Body
	if u, ok := body[0].(message.Unknown); !ok || u.Kind != sandbox.KindElem || u.Data[0].Key != "hex" {
		t.Errorf("the world has %#v", body)
	}
}
