package mirai

import (
	"context"
	"fmt"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/oidb"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
)

// fetchUser reads a profile card.
func (d *Driver) fetchUser(ctx context.Context, u protocol.UserID) (protocol.User, error) {
	session, err := d.state.current()
	if err != nil {
		return protocol.User{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timing.Call)
	defer cancel()
	c := d.client.Load()
	card, err := call(ctx, d.calls, session, func() (*client.SummaryCardInfo, error) { return c.GetSummaryInfo(int64(u)) })
	if err != nil {
		d.logPanic("GetSummaryInfo", err)
		return protocol.User{}, fmt.Errorf("profile card of %d: %w", u, err)
	}
	if card.Uin != int64(u) {
		return protocol.User{}, &protocol.NotFoundError{Kind: protocol.KindUser, ID: int64(u)}
	}
	return protocol.User{
		UserID: u, Nickname: card.Nickname, Sex: sex(int(card.Sex)), Age: int(card.Age), Level: int(card.Level),
		QID: card.Qid, Sign: card.Sign, LoginDays: card.LoginDays, VIPLevel: card.VipLevel,
	}, nil
}

// fetchGroup reads a group's card and the seq of its newest message.
func (d *Driver) fetchGroup(ctx context.Context, g protocol.GroupID) (protocol.GroupInfo, uint32, error) {
	none := protocol.GroupInfo{}
	body, err := proto.Marshal(groupCardRequest(g))
	if err != nil {
		return none, 0, fmt.Errorf("encode group request: %w", err)
	}
	packet, err := proto.Marshal(&oidb.OIDBSSOPkg{Command: 0x88d, Bodybuffer: body, ClientVersion: "Android 8.9.63"})
	if err != nil {
		return none, 0, fmt.Errorf("encode group request: %w", err)
	}
	raw, err := d.request(ctx, "OidbSvc.0x88d_0", packet)
	if err != nil {
		return none, 0, err
	}
	return readGroupCard(g, raw)
}

// noGroup is QQ's result for a group that does not exist. Any other means that QQ would not tell.
const noGroup = 72

// readGroupCard reads the answer to groupCardRequest.
func readGroupCard(g protocol.GroupID, raw []byte) (protocol.GroupInfo, uint32, error) {
	none := protocol.GroupInfo{}
	var envelope oidb.OIDBSSOPkg
	if err := proto.Unmarshal(raw, &envelope); err != nil {
		return none, 0, fmt.Errorf("read card of group %d: %w", g, err)
	}
	if envelope.Result != 0 {
		return none, 0, &protocol.RefusedError{Code: int(envelope.Result), Text: envelope.ErrorMsg}
	}
	var answer oidb.D88DRspBody
	if err := proto.Unmarshal(envelope.Bodybuffer, &answer); err != nil {
		return none, 0, fmt.Errorf("read card of group %d: %w", g, err)
	}
	for _, r := range answer.RspGroupInfo {
		if r.GroupCode.Unwrap() != uint64(g) {
			continue
		}
		switch code := r.Result.Unwrap(); {
		case code == noGroup:
			return none, 0, &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
		case code != 0:
			return none, 0, &protocol.RefusedError{Code: int(code)}
		case r.GroupInfo == nil:
			continue
		}
		i := r.GroupInfo
		return protocol.GroupInfo{
			GroupID: g, Name: string(i.GroupName), Memo: string(i.GroupMemo), Owner: protocol.UserID(i.GroupOwner.Unwrap()),
			CreateTime: int64(i.GroupCreateTime.Unwrap()), Level: int(i.GroupLevel.Unwrap()),
			Members: int(i.GroupMemberNum.Unwrap()), MaxMembers: int(i.GroupMemberMaxNum.Unwrap()),
		}, i.GroupCurMsgSeq.Unwrap(), nil
	}
	return none, 0, &protocol.RefusedError{Text: fmt.Sprintf("no card of group %d in the answer", g)}
}

// groupCardRequest asks for the fields by naming them with a zero.
func groupCardRequest(g protocol.GroupID) *oidb.D88DReqBody {
	zero := proto.Some(uint32(0))
	return &oidb.D88DReqBody{
		AppId: proto.Some(uint32(537164840)), // Android QQ 8.9.63 (MiraiGo client/internal/auth/auth.go)
		ReqGroupInfo: []*oidb.ReqGroupInfo{{
			GroupCode: proto.Some(uint64(g)),
			Stgroupinfo: &oidb.D88DGroupInfo{
				GroupOwner: proto.Some(uint64(0)), GroupUin: proto.Some(uint64(0)), GroupCreateTime: zero, GroupLevel: zero,
				GroupMemberMaxNum: zero, GroupMemberNum: zero, GroupName: []byte{}, GroupMemo: []byte{}, GroupCurMsgSeq: zero,
			},
		}},
		PcClientVersion: zero,
	}
}

// fetchMember reads a member card, which knows more than the member list. The packet is sent here and not by MiraiGo,
// which drops age, area, the title's end and whether the card may be changed, and hangs for 30 seconds on a group that
// it does not know.
func (d *Driver) fetchMember(ctx context.Context, g protocol.GroupInfo, u protocol.UserID) (protocol.Member, error) {
	missing := &protocol.NotFoundError{Kind: protocol.KindMember, ID: int64(u)}
	body, err := proto.Marshal(&pb.GroupMemberReqBody{
		GroupCode: int64(g.GroupID), Uin: int64(u), NewClient: true, ClientType: 1, RichCardNameVer: 1,
	})
	if err != nil {
		return protocol.Member{}, fmt.Errorf("encode member request: %w", err)
	}
	raw, err := d.request(ctx, "group_member_card.get_group_member_card_info", body)
	if err != nil {
		return protocol.Member{}, err
	}
	var answer pb.GroupMemberRspBody
	if err := proto.Unmarshal(raw, &answer); err != nil {
		return protocol.Member{}, fmt.Errorf("read member %d of group %d: %w", u, g.GroupID, err)
	}
	m := answer.MemInfo
	if m == nil || m.Uin != int64(u) || m.Nick == nil && m.Age == 0 {
		return protocol.Member{}, missing
	}
	role := protocol.RoleMember
	if m.Role == 2 {
		role = protocol.RoleAdmin
	}
	if u == g.Owner {
		role = protocol.RoleOwner
	}
	known, _ := d.lists.get().member(g.GroupID, u)
	return protocol.Member{
		GroupID: g.GroupID, UserID: u, Nickname: string(m.Nick), Card: string(m.Card), Sex: sex(int(m.Sex)), Age: int(m.Age),
		Area: string(m.Location), JoinTime: m.Join, LastSpeakTime: m.LastSpeak, Level: int(m.Level), Role: role,
		Title: string(m.SpecialTitle), TitleExpire: titleExpire(m.SpecialTitleExpireTime), CardChangeable: m.IsAllowModCard,
		MuteUntil: known.MuteUntil, // not on the card
	}, nil
}

// titleExpire reads a time that is unsigned on the wire and signed in MiraiGo's struct; -1 is never.
func titleExpire(t int32) int64 {
	if t == -1 {
		return -1
	}
	return int64(uint32(t))
}
