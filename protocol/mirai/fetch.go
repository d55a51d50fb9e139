package mirai

import (
	"context"
	"fmt"

	"github.com/Mrs4s/MiraiGo/binary/jce"
	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
)

// friendPage is how many friends are asked for at once, as in MiraiGo.
const friendPage = 150

// fetchFriends reads the friend list from the server, page by page. MiraiGo's own loop never ends when the server's
// total is wrong.
func (d *Driver) fetchFriends(ctx context.Context) ([]protocol.Friend, error) {
	var friends []protocol.Friend
	for {
		request := &jce.FriendListRequest{
			Reqtype: 3, Uin: int64(d.self()), StartIndex: int16(len(friends)), FriendCount: friendPage,
			IfShowTermType: 1, Version: 27, D50: friendFields(), D6B: []byte{}, SnsTypeList: []int64{13580, 13581, 13582},
		}
		if len(friends) > 0 {
			request.IfReflush = 1
		}
		answer, err := d.request(ctx, "friendlist.getFriendGroupList", jceRequest("GetFriendListReq", "FL", request.ToBytes()))
		if err != nil {
			return nil, err
		}
		total, before := 0, len(friends)
		err = jceAnswer(answer, "FLRESP", func(r *jce.JceReader) {
			total = int(r.ReadInt16(5))
			for _, f := range r.ReadFriendInfos(7) {
				friends = append(friends, protocol.Friend{UserID: protocol.UserID(f.FriendUin), Nickname: f.Nick, Remark: f.Remark})
			}
		})
		if err != nil {
			return nil, fmt.Errorf("friend list: %w", err)
		}
		if len(friends) >= total || len(friends) == before {
			return friends, nil
		}
	}
}

// friendFields asks for the extras that QQ's own client asks for (MiraiGo client/builders.go).
func friendFields() []byte {
	b, err := proto.Marshal(&pb.D50ReqBody{
		Appid: 1002, ReqMusicSwitch: 1, ReqMutualmarkAlienation: 1, ReqKsingSwitch: 1, ReqMutualmarkLbsshare: 1,
	})
	if err != nil {
		return []byte{}
	}
	return b
}

// fetchGroups reads the group list and, beside it, QQ's internal numbers of the groups.
func (d *Driver) fetchGroups(ctx context.Context) ([]protocol.GroupInfo, map[protocol.GroupID]int64, error) {
	var groups []protocol.GroupInfo
	uins := map[protocol.GroupID]int64{}
	for cookie := []byte{}; ; {
		request := &jce.TroopListRequest{
			Uin: int64(d.self()), GetMSFMsgFlag: 1, Cookies: cookie, GroupInfo: []int64{},
			GroupFlagExt: 1, Version: 7, VersionNum: 1, GetLongGroupName: 1,
		}
		answer, err := d.request(ctx, "friendlist.GetTroopListReqV2",
			jceRequest("GetTroopListReqV2Simplify", "GetTroopListReqV2Simplify", request.ToBytes()))
		if err != nil {
			return nil, nil, err
		}
		before := len(groups)
		err = jceAnswer(answer, "GetTroopListRespV2", func(r *jce.JceReader) {
			cookie = r.ReadBytes(4)
			for _, g := range r.ReadTroopNumbers(5) {
				groups = append(groups, protocol.GroupInfo{
					GroupID: protocol.GroupID(g.GroupCode), Name: g.GroupName, Memo: g.GroupMemo,
					Owner: protocol.UserID(g.GroupOwnerUin), Members: int(g.MemberNum), MaxMembers: int(g.MaxGroupMemberNum),
				})
				uins[protocol.GroupID(g.GroupCode)] = g.GroupUin
			}
		})
		if err != nil {
			return nil, nil, fmt.Errorf("group list: %w", err)
		}
		if len(cookie) == 0 || len(groups) == before {
			return groups, uins, nil
		}
	}
}

// fetchMembers reads a group's members, page by page.
func (d *Driver) fetchMembers(ctx context.Context, g protocol.GroupInfo, uin int64) ([]protocol.Member, error) {
	var members []protocol.Member
	for next := int64(0); ; {
		request := &jce.TroopMemberListRequest{
			Uin: int64(d.self()), GroupCode: int64(g.GroupID), NextUin: next, GroupUin: uin, Version: 2,
		}
		answer, err := d.request(ctx, "friendlist.GetTroopMemberListReq",
			jceRequest("GetTroopMemberListReq", "GTML", request.ToBytes()))
		if err != nil {
			return nil, err
		}
		before := len(members)
		err = jceAnswer(answer, "GTMLRESP", func(r *jce.JceReader) {
			for _, m := range r.ReadTroopMemberInfos(3) {
				members = append(members, member(g, m))
			}
			next = r.ReadInt64(4)
		})
		if err != nil {
			return nil, fmt.Errorf("members of group %d: %w", g.GroupID, err)
		}
		if next == 0 || len(members) == before {
			return members, nil
		}
	}
}

// member translates an entry of the member list. Sex is 0 for male and 1 for female there.
func member(g protocol.GroupInfo, m jce.TroopMemberInfo) protocol.Member {
	role := protocol.RoleMember
	if m.Flag&1 != 0 {
		role = protocol.RoleAdmin
	}
	if protocol.UserID(m.MemberUin) == g.Owner {
		role = protocol.RoleOwner
	}
	return protocol.Member{
		GroupID: g.GroupID, UserID: protocol.UserID(m.MemberUin), Nickname: m.Nick, Card: m.Name,
		Sex: sex(int(m.Gender)), Age: int(m.Age), JoinTime: m.JoinTime, LastSpeakTime: m.LastSpeakTime,
		Level: int(m.MemberLevel), Role: role, Title: m.SpecialTitle, TitleExpire: m.SpecialTitleExpireTime,
		MuteUntil: m.ShutUpTimestap,
	}
}

// sex translates QQ's number.
func sex(n int) protocol.Sex {
	switch n {
	case 0:
		return protocol.Male
	case 1:
		return protocol.Female
	default:
		return protocol.SexUnknown
	}
}
