package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/oidb"
	"github.com/Mrs4s/MiraiGo/utils"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

// crowd is a world in which account 10001 has this many friends and one group with all of them, and as many groups.
func crowd(t *testing.T, friends, groups int) *sandbox.World {
	t.Helper()
	var file strings.Builder
	file.WriteString("bot: 10001\naccounts:\n- {user_id: 10001, nickname: one, friends: {")
	for i := range friends {
		fmt.Fprintf(&file, "%d: '', ", 20000+i)
	}
	file.WriteString("}}\n")
	for i := range friends {
		fmt.Fprintf(&file, "- {user_id: %d, nickname: n%d}\n", 20000+i, i)
	}
	file.WriteString("groups:\n")
	for i := range groups {
		fmt.Fprintf(&file, "- group_id: %d\n  name: g%d\n  members:\n  - {user_id: 10001, role: owner}\n", 500+i, i)
		for j := range friends {
			if i == 0 {
				fmt.Fprintf(&file, "  - {user_id: %d}\n", 20000+j)
			}
		}
	}
	w, err := sandbox.Load(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// askJCE sends in as the part of an envelope and opens the part of the answer.
func (p *player) askJCE(command, part string, in *sso.Writer, answer string) sso.Struct {
	p.t.Helper()
	s, err := sso.OpenEnvelope3(p.ask(command, sso.Envelope3("", "", part, in)), answer)
	if err != nil {
		p.t.Fatalf("%s: %v", command, err)
	}
	return s
}

func TestFriendPages(t *testing.T) {
	for _, count := range []int{0, 1, 150, 151, 305} {
		p := login(t, serve(t, crowd(t, count, 0)), 10001)
		seen := 0
		for {
			var in sso.Writer
			in.Int(0, 3).Int(2, 1).Int(3, int64(seen)).Int(4, 150)
			page := p.askJCE("friendlist.getFriendGroupList", "FL", &in, "FLRESP")
			if page.Int(5) != int64(count) {
				t.Fatalf("total %d, want %d", page.Int(5), count)
			}
			for _, f := range page.Structs(7) {
				if f.Int(0) != int64(20000+seen) || f.String(14) != fmt.Sprintf("n%d", seen) {
					t.Fatalf("friend %d: %v", seen, f)
				}
				seen++
			}
			if len(page.Structs(7)) < 150 {
				break
			}
		}
		if seen != count {
			t.Errorf("%d friends, want %d", seen, count)
		}
	}
}

func TestFriendEntry(t *testing.T) {
	p := login(t, serve(t, sandbox.Default()), 10001)
	var in sso.Writer
	in.Int(4, 1) // StartIndex 0, one friend
	page := p.askJCE("friendlist.getFriendGroupList", "FL", &in, "FLRESP")
	if list := page.Structs(7); len(list) != 1 || list[0].Int(0) != 20001 || list[0].String(3) != "Alice (ops)" || list[0].String(14) != "Alice" {
		t.Errorf("%v", page)
	}
}

func TestGroupPages(t *testing.T) {
	for _, count := range []int{0, 1, 2, 3, 7} {
		p := login(t, serve(t, crowd(t, 0, count)), 10001)
		seen, cookie := 0, []byte{}
		for first := true; first || len(cookie) > 0; first = false {
			var in sso.Writer
			in.Int(0, 10001).Bytes(2, cookie)
			page := p.askJCE("friendlist.GetTroopListReqV2", "GetTroopListReqV2Simplify", &in, "GetTroopListRespV2")
			for _, g := range page.Structs(5) {
				if g.Int(1) != int64(500+seen) || g.Int(0) != utils.ToGroupUin(int64(500+seen)) || g.String(4) != fmt.Sprintf("g%d", seen) || g.Int(23) != 10001 {
					t.Fatalf("group %d: %v", seen, g)
				}
				seen++
			}
			cookie = page.Bytes(4)
		}
		if seen != count {
			t.Errorf("%d groups, want %d", seen, count)
		}
	}
}

func TestMemberPages(t *testing.T) {
	for _, others := range []int{0, 3, 4, 20} {
		p := login(t, serve(t, crowd(t, others, 1)), 10001)
		var uins []int64
		for next := int64(0); ; {
			var in sso.Writer
			in.Int(0, 10001).Int(1, 500).Int(2, next).Int(3, utils.ToGroupUin(500))
			page := p.askJCE("friendlist.GetTroopMemberListReq", "GTML", &in, "GTMLRESP")
			for _, m := range page.Structs(3) {
				uins = append(uins, m.Int(0))
			}
			if next = page.Int(4); next == 0 {
				break
			}
		}
		want := []int64{10001}
		for i := range others {
			want = append(want, int64(20000+i))
		}
		equal(t, uins, want)
	}
}

func TestMemberEntry(t *testing.T) {
	s := serve(t, sandbox.Default())
	p := login(t, s, 10001)
	members := map[int64]sso.Struct{}
	for _, from := range []int64{0, 20004} {
		var in sso.Writer
		in.Int(1, 30001).Int(2, from)
		for _, m := range p.askJCE("friendlist.GetTroopMemberListReq", "GTML", &in, "GTMLRESP").Structs(3) {
			members[m.Int(0)] = m
		}
	}
	if a := members[20001]; a.Byte(3) != 1 || a.String(4) != "Alice" || a.String(8) != "Alice" ||
		a.Int(14) != 60 || a.Int(15) != 1582977600 || a.String(23) != "founder" || a.Int(18) != 0 {
		t.Errorf("owner = %v", a)
	}
	if b := members[20002]; b.Byte(3) != 0 || b.String(6) != "Bob" || b.String(8) != "" || b.Int(18) != 1 || b.Int(16) != 1683263105 {
		t.Errorf("admin = %v", b)
	}
	if c := members[20004]; c.Byte(3) != 255 || c.String(4) != "阿猫🐱" || c.Int(24) != 4102444800 {
		t.Errorf("member = %v", c)
	}
	var in sso.Writer
	in.Int(1, 30001)
	if page := login(t, s, 20006).askJCE("friendlist.GetTroopMemberListReq", "GTML", &in, "GTMLRESP"); len(page.Structs(3)) != 0 {
		t.Errorf("a stranger sees %v", page)
	}
}

func TestMemberCard(t *testing.T) {
	s := serve(t, sandbox.Default())
	bob, eve := login(t, s, 20002), login(t, s, 20006)
	card := func(p *player, g, u int64) *pb.GroupMemberRspBody {
		var out pb.GroupMemberRspBody
		p.askPB("group_member_card.get_group_member_card_info", &pb.GroupMemberReqBody{GroupCode: g, Uin: u}, &out)
		if out.GroupCode != g {
			t.Errorf("card of group %d", out.GroupCode)
		}
		return &out
	}
	own := card(bob, 30001, 20002)
	if m := own.MemInfo; own.SelfRole != 2 || m == nil || m.Role != 2 || string(m.Nick) != "Bob" || string(m.Location) != "Berlin" || m.Age != 34 ||
		m.Level != 40 || m.Join != 1583049600 || m.LastSpeak != 1683263105 || !m.IsAllowModCard || m.Sex != 0 {
		t.Errorf("own card = %+v", own)
	}
	if m := card(bob, 30001, 20004).MemInfo; m.Role != 1 || string(m.SpecialTitle) != "吉祥物" || !m.IsAllowModCard ||
		int64(m.SpecialTitleExpireTime) != 4102444800-1<<32 {
		t.Errorf("member's card = %+v", m)
	}
	if m := card(bob, 30001, 20001).MemInfo; m.Role != 3 || string(m.Card) != "Alice" || m.IsAllowModCard || m.Sex != 1 {
		t.Errorf("owner's card = %+v", m)
	}
	for name, out := range map[string]*pb.GroupMemberRspBody{
		"not a member": card(bob, 30001, 20006), "no group": card(bob, 5, 20001), "asked from outside": card(eve, 30001, 20001),
	} {
		if out.MemInfo != nil {
			t.Errorf("%s: %+v", name, out.MemInfo)
		}
	}
}

func TestGroupInfo(t *testing.T) {
	w := sandbox.Default()
	p := login(t, serve(t, w), 20006)
	say(t, w, 20003, 30002, "x")
	body, err := proto.Marshal(&oidb.D88DReqBody{ReqGroupInfo: []*oidb.ReqGroupInfo{
		{GroupCode: proto.Some(uint64(30002))}, {GroupCode: proto.Some(uint64(5))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := sso.OIDB{Command: 0x88d, Body: body}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sso.ParseOIDB(p.ask("OidbSvc.0x88d_0", request))
	if err != nil {
		t.Fatal(err)
	}
	var out oidb.D88DRspBody
	if err := proto.Unmarshal(answer.Body, &out); err != nil || len(out.RspGroupInfo) != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	g := out.RspGroupInfo[0].GroupInfo
	if g.GroupOwner.Unwrap() != 20003 || string(g.GroupName) != "摸鱼小分队 🐟" || string(g.GroupMemo) != "工作时间请勿打扰" || g.GroupMemberNum.Unwrap() != 5 ||
		g.GroupMemberMaxNum.Unwrap() != 500 || g.GroupLevel.Unwrap() != 2 || g.GroupCreateTime.Unwrap() != 1621488000 || g.GroupCurMsgSeq.Unwrap() != 4001 {
		t.Errorf("%+v", g)
	}
	if missing := out.RspGroupInfo[1]; missing.GroupInfo != nil || missing.Result.Unwrap() == 0 {
		t.Errorf("%+v", missing)
	}
}

func TestProfileCard(t *testing.T) {
	p := login(t, serve(t, sandbox.Default()), 10001)
	card := func(u int64) sso.Struct {
		t.Helper()
		var in sso.Writer
		in.Int(0, u)
		answer := p.ask("SummaryCard.ReqSummaryCard", sso.Envelope3("", "", "ReqSummaryCard", &in))
		s, err := sso.OpenEnvelope2(answer, "RespSummaryCard", "SummaryCard.RespSummaryCard")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a := card(20001)
	if a.Int(23) != 20001 || a.Byte(1) != 1 || a.Int(2) != 29 || a.String(3) != "Alice" || a.Int(5) != 48 ||
		a.String(8) != "Reading logs so that you need not." || a.Int(36) != 1001 {
		t.Errorf("Alice = %v", a)
	}
	if services, ok := a[46].([]any); !ok || len(services) != 1 || !strings.Contains(string(services[0].([]byte)), "alice-on-call") {
		t.Errorf("services = %v", a[46])
	}
	if b := card(20003); b.Int(23) != 20003 || b[29] != nil || len(b[46].([]any)) != 0 {
		t.Errorf("without VIP and QID: %v", b)
	}
	if nobody := card(5); nobody.Int(23) != 0 || nobody.String(3) != "" {
		t.Errorf("nobody = %v", nobody)
	}
}
