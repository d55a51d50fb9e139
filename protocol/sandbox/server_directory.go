package sandbox

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/oidb"
	"github.com/Mrs4s/MiraiGo/utils"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// Lists come in pages. Those of QQ are larger; these are so small that the built-in world does not fit on one page.
const (
	groupPage    = 2
	memberPage   = 4
	maxFriends   = 150 // on a page, if the client wants as many
	friendFamily = "mqq.IMService.FriendListServiceServantObj"
)

// friendList answers friendlist.getFriendGroupList, page by page as the client asks.
func (s *Server) friendList(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	in, err := sso.OpenEnvelope3(r.Payload, "FL")
	if err != nil {
		return nil, err
	}
	friends := s.world.Friends(protocol.UserID(r.Uin))
	total := len(friends)
	start := min(max(int(in.Int(3)), 0), total)
	size := min(max(int(in.Int(4)), 1), maxFriends)
	friends = friends[start:min(start+size, total)]
	list := make([]*sso.Writer, 0, len(friends))
	for _, f := range friends {
		var w sso.Writer
		w.Int(0, int64(f.UserID)).Byte(1, 0).Int(2, 0).String(3, f.Remark).Byte(5, 10).Byte(6, 0)
		w.String(14, f.Nickname).Byte(20, 1).Int(24, 1).Bytes(41, nil)
		list = append(list, &w)
	}
	var out sso.Writer
	out.Int(2, r.Uin).Int(3, int64(start)).Int(4, int64(len(friends))).Int(5, int64(total)).Int(6, int64(len(friends)))
	out.Structs(7, list)
	return sso.Envelope3(friendFamily, "GetFriendListReq", "FLRESP", &out), nil
}

// groupList answers friendlist.GetTroopListReqV2. The cookie that leads to the next page is the number of the last
// group on this one; there is none on the last page.
func (s *Server) groupList(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	in, err := sso.OpenEnvelope3(r.Payload, "GetTroopListReqV2Simplify")
	if err != nil {
		return nil, err
	}
	groups := s.world.Groups(protocol.UserID(r.Uin))
	if cookie := in.Bytes(2); len(cookie) == 8 {
		last := protocol.GroupID(binary.BigEndian.Uint64(cookie))
		groups = slices.DeleteFunc(groups, func(g GroupState) bool { return g.GroupID <= last })
	}
	next := []byte{}
	if len(groups) > groupPage {
		groups = groups[:groupPage]
		next = binary.BigEndian.AppendUint64(nil, uint64(groups[groupPage-1].GroupID))
	}
	list := make([]*sso.Writer, 0, len(groups))
	for _, g := range groups {
		var w sso.Writer
		w.Int(0, utils.ToGroupUin(int64(g.GroupID))).Int(1, int64(g.GroupID)).String(4, g.Name).String(5, g.Memo)
		w.Int(19, int64(g.Members)).Int(23, int64(g.Owner)).Int(29, int64(g.MaxMembers))
		list = append(list, &w)
	}
	var out sso.Writer
	out.Int(0, r.Uin).Int(1, int64(len(groups))).Int(2, 0).Bytes(4, next).Structs(5, list)
	return sso.Envelope3(friendFamily, "GetTroopListReqV2Simplify", "GetTroopListRespV2", &out), nil
}

// memberList answers friendlist.GetTroopMemberListReq, ordered by number; the next page begins with the number that
// this one ends with naming, and 0 ends the list. Only members see it: others get an empty one.
func (s *Server) memberList(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	in, err := sso.OpenEnvelope3(r.Payload, "GTML")
	if err != nil {
		return nil, err
	}
	g := protocol.GroupID(in.Int(1))
	var members []protocol.Member
	if _, inside := s.world.Member(g, protocol.UserID(r.Uin)); inside {
		members = s.world.Members(g)
	}
	from := protocol.UserID(in.Int(2))
	members = slices.DeleteFunc(members, func(m protocol.Member) bool { return m.UserID < from })
	var next protocol.UserID
	if len(members) > memberPage {
		next = members[memberPage].UserID
		members = members[:memberPage]
	}
	list := make([]*sso.Writer, 0, len(members))
	for _, m := range members {
		list = append(list, memberEntry(m))
	}
	var out sso.Writer
	out.Int(0, r.Uin).Int(1, int64(g)).Int(2, in.Int(3)).Structs(3, list).Int(4, int64(next))
	return sso.Envelope3(friendFamily, "GetTroopMemberListReq", "GTMLRESP", &out), nil
}

func memberEntry(m protocol.Member) *sso.Writer {
	shown := m.Card
	if shown == "" {
		shown = m.Nickname
	}
	flag := int64(0)
	if m.Role == protocol.RoleAdmin { // the owner is known from the list of groups
		flag = 1
	}
	var w sso.Writer
	w.Int(0, int64(m.UserID)).Int(1, 0).Byte(2, uint8(min(max(m.Age, 0), 255))).Byte(3, gender(m.Sex)).String(4, m.Nickname)
	w.String(6, shown).String(8, m.Card).String(13, "").Int(14, int64(m.Level)).Int(15, m.JoinTime).Int(16, m.LastSpeakTime)
	w.Int(18, flag).String(23, m.Title).Int(24, m.TitleExpire).Int(30, m.MuteUntil)
	return &w
}

// memberCard answers group_member_card.get_group_member_card_info. Whoever is not in the group has no card, and nobody
// has one for those outside of it.
func (s *Server) memberCard(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	var in pb.GroupMemberReqBody
	if err := unmarshal(r.Payload, &in); err != nil {
		return nil, err
	}
	g := protocol.GroupID(in.GroupCode)
	out := pb.GroupMemberRspBody{GroupCode: in.GroupCode}
	asking, inside := s.world.Member(g, protocol.UserID(r.Uin))
	m, found := s.world.Member(g, protocol.UserID(in.Uin))
	if !inside || !found {
		return marshal(&out)
	}
	out.SelfRole = cardRole(asking.Role)
	out.MemInfo = &pb.GroupMemberInfo{
		Uin: int64(m.UserID), Card: []byte(m.Card), Sex: int32(gender(m.Sex)), Location: []byte(m.Area), Nick: []byte(m.Nickname),
		Age: int32(m.Age), Join: m.JoinTime, LastSpeak: m.LastSpeakTime, Role: cardRole(m.Role),
		IsAllowModCard: m.UserID == asking.UserID || asking.Role > m.Role,
		SpecialTitle:   []byte(m.Title), SpecialTitleExpireTime: int32(m.TitleExpire), Level: int32(m.Level),
	}
	return marshal(&out)
}

// cardRole is a role's number in member cards (MiraiGo client/decoders.go knows 2).
func cardRole(r protocol.Role) int32 {
	switch r {
	case protocol.RoleOwner:
		return 3
	case protocol.RoleAdmin:
		return 2
	default:
		return 1
	}
}

// noGroup is the result of a question for a group that there is not.
const noGroup = 72

// groupInfo answers OidbSvc.0x88d_0, which anybody may ask.
func (s *Server) groupInfo(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	pkg, err := sso.ParseOIDB(r.Payload)
	if err != nil {
		return nil, err
	}
	var in oidb.D88DReqBody
	if err := unmarshal(pkg.Body, &in); err != nil {
		return nil, err
	}
	var out oidb.D88DRspBody
	for _, wanted := range in.ReqGroupInfo {
		code := wanted.GroupCode.Unwrap()
		entry := &oidb.RspGroupInfo{GroupCode: proto.Some(code), Result: proto.Some(uint32(noGroup))}
		if g, ok := s.world.Group(protocol.GroupID(code)); ok {
			entry.Result = proto.Some(uint32(0))
			entry.GroupInfo = &oidb.D88DGroupInfo{
				GroupOwner: proto.Some(uint64(g.Owner)), GroupCreateTime: proto.Some(uint32(g.CreateTime)),
				GroupMemberMaxNum: proto.Some(uint32(g.MaxMembers)), GroupMemberNum: proto.Some(uint32(g.Members)),
				GroupLevel: proto.Some(uint32(g.Level)), GroupName: []byte(g.Name), GroupMemo: []byte(g.Memo),
				GroupFingerMemo: []byte(g.Memo), GroupUin: proto.Some(uint64(utils.ToGroupUin(int64(code)))),
				GroupCurMsgSeq: proto.Some(g.LastSeq),
			}
		}
		out.RspGroupInfo = append(out.RspGroupInfo, entry)
	}
	return oidbAnswer(r, 0, &out)
}
