package mirai

import (
	"strings"
	"testing"

	"github.com/Mrs4s/MiraiGo/binary/jce"
	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
)

func TestJCERequest(t *testing.T) {
	body := (&jce.TroopMemberListRequest{Uin: 1, GroupCode: 2, NextUin: 3, GroupUin: 4, Version: 2}).ToBytes()
	packet := &jce.RequestPacket{}
	packet.ReadFrom(jce.NewJceReader(jceRequest("F", "K", body)))
	if packet.IVersion != 3 || packet.SFuncName != "F" || packet.SServantName != friendListServant {
		t.Errorf("envelope %+v", packet)
	}
	var group, next int64
	err := jceAnswer(jceRequest("F", "K", body), "K", func(r *jce.JceReader) { group, next = r.ReadInt64(1), r.ReadInt64(2) })
	if err != nil || group != 2 || next != 3 {
		t.Errorf("group %d, next %d, %v", group, next, err)
	}
	if err := jceAnswer(jceRequest("F", "K", body), "other", func(*jce.JceReader) { t.Error("read") }); err == nil {
		t.Error("a missing struct is read")
	}
}

func FuzzJCEAnswer(f *testing.F) {
	f.Add(jceRequest("F", "FLRESP", (&jce.FriendListRequest{Uin: 1, SnsTypeList: []int64{1}}).ToBytes()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		err := jceAnswer(b, "FLRESP", func(r *jce.JceReader) { r.ReadInt16(5); r.ReadFriendInfos(7) })
		if err != nil && !strings.HasPrefix(err.Error(), "read FLRESP") {
			t.Errorf("error %v", err)
		}
	})
}

// wireMessage is a message of a history.
func wireMessage(seq, pkgNum, pkgIndex, div int32, text string) *msg.Message {
	m := &msg.Message{
		Head:    &msg.MessageHead{FromUin: proto.Some(int64(5)), MsgSeq: proto.Some(seq), MsgTime: proto.Some(int32(1000))},
		Content: &msg.ContentHead{PkgNum: proto.Some(pkgNum), PkgIndex: proto.Some(pkgIndex), DivSeq: proto.Some(div)},
		Body:    &msg.MessageBody{RichText: &msg.RichText{Attr: &msg.Attr{Random: proto.Some(seq * 7)}}},
	}
	if text != "" {
		m.Body.RichText.Elems = []*msg.Elem{{Text: &msg.Text{Str: proto.Some(text)}}}
	}
	return m
}

func TestFragmentsAreJoined(t *testing.T) {
	all := joinFragments([]*msg.Message{
		wireMessage(1, 1, 0, 0, "one"), wireMessage(3, 2, 1, 77, "lo"), wireMessage(2, 2, 0, 77, "hel"), {Head: &msg.MessageHead{}},
	})
	if len(all) != 3 {
		t.Fatalf("%d messages", len(all))
	}
	d, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint32]string{}
	for _, m := range all {
		if one, ok := d.fromWire(30001, m); ok {
			got[one.Ref.Seq] = one.Body.PlainText()
			if one.Ref.Random != one.Ref.Seq*7 || one.Ref.Sender != 5 || one.Ref.Time != 1000 || one.Ref.Chat != protocol.GroupChat(30001) {
				t.Errorf("ref %+v", one.Ref)
			}
		}
	}
	if len(got) != 2 || got[1] != "one" || got[2] != "hello" {
		t.Errorf("messages %v", got)
	}
	for name, m := range map[string]*msg.Message{"recalled": wireMessage(4, 1, 0, 0, ""), "no head": {}, "no body": {Head: wireMessage(1, 1, 0, 0, "").Head}} {
		if one, ok := d.fromWire(30001, m); ok {
			t.Errorf("%s: %+v", name, one)
		}
	}
}

func TestTitleExpire(t *testing.T) {
	for in, want := range map[int32]int64{-1: -1, 0: 0, 1_700_000_000: 1_700_000_000, -192522496: 4102444800} {
		if got := titleExpire(in); got != want {
			t.Errorf("titleExpire(%d) = %d, want %d", in, got, want)
		}
	}
}
