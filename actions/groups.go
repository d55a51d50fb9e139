package actions

import (
	"context"
	"strconv"

	"echogate/protocol"
)

type groupCacheParams struct {
	groupParams
	cacheParams
}

type group struct {
	GroupID    protocol.GroupID `json:"group_id" doc:"number of the group"`
	Name       string           `json:"group_name" doc:"name"`
	Memo       string           `json:"group_memo" doc:"introduction"`
	CreateTime int64            `json:"group_create_time" doc:"Unix seconds, 0 if unknown"`
	Level      int              `json:"group_level" doc:"level, 0 if unknown"`
	Members    int              `json:"member_count" doc:"how many members there are"`
	MaxMembers int              `json:"max_member_count" doc:"how many members there may be"`
}

func groupOf(g protocol.GroupInfo) group {
	return group{
		GroupID: g.GroupID, Name: g.Name, Memo: g.Memo, CreateTime: g.CreateTime, Level: g.Level,
		Members: g.Members, MaxMembers: g.MaxMembers,
	}
}

const groupExample = `{"group_id":30003,"group_name":"Tea House","group_memo":"all about tea","group_create_time":1500000000,"group_level":3,` +
	`"member_count":2,"max_member_count":200}`

func getGroupInfo() declaration {
	return action[groupCacheParams, group]{
		name:  "get_group_info",
		doc:   "Returns what is known of a group.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *groupCacheParams) (group, error) {
			g, err := c.Driver.Group(ctx, p.GroupID, p.NoCache)
			return groupOf(g), err
		},
		example: example{params: `{"group_id":30003}`, data: groupExample},
	}
}

func getGroupList() declaration {
	return action[cacheParams, []group]{
		name:  "get_group_list",
		doc:   "Returns the groups of the account.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *cacheParams) ([]group, error) {
			groups, err := c.Driver.Groups(ctx, p.NoCache)
			return convert(groups, groupOf), err
		},
		example: example{params: `{}`, data: `[` + groupExample + `]`},
	}
}

type memberParams struct {
	groupParams
	UserID protocol.UserID `param:"user_id" doc:"the member"`
	cacheParams
}

type member struct {
	GroupID         protocol.GroupID `json:"group_id" doc:"the group"`
	UserID          protocol.UserID  `json:"user_id" doc:"QQ number"`
	Nickname        string           `json:"nickname" doc:"name"`
	Card            string           `json:"card" doc:"name in the group, empty if none is set"`
	Sex             string           `json:"sex" doc:"male, female or unknown"`
	Age             int              `json:"age" doc:"years, 0 if unknown"`
	Area            string           `json:"area" doc:"region, empty if unknown"`
	JoinTime        int64            `json:"join_time" doc:"Unix seconds"`
	LastSentTime    int64            `json:"last_sent_time" doc:"Unix seconds of the last message"`
	Level           string           `json:"level" doc:"level in the group, a decimal number"`
	Role            string           `json:"role" doc:"owner, admin or member"`
	Unfriendly      bool             `json:"unfriendly" doc:"always false: QQ no longer tells"`
	Title           string           `json:"title" doc:"special title"`
	TitleExpireTime int64            `json:"title_expire_time" doc:"Unix seconds; 0 or less: never"`
	CardChangeable  bool             `json:"card_changeable" doc:"whether the account may change this card"`
	ShutUpTimestamp int64            `json:"shut_up_timestamp" doc:"Unix seconds at which a mute ends, 0 if not muted"`
}

func memberOf(m protocol.Member) member {
	return member{
		GroupID: m.GroupID, UserID: m.UserID, Nickname: m.Nickname, Card: m.Card, Sex: m.Sex.String(), Age: m.Age, Area: m.Area,
		JoinTime: m.JoinTime, LastSentTime: m.LastSpeakTime, Level: strconv.Itoa(m.Level), Role: m.Role.String(),
		Title: m.Title, TitleExpireTime: m.TitleExpire, CardChangeable: m.CardChangeable, ShutUpTimestamp: m.MuteUntil,
	}
}

const memberExample = `{"group_id":30003,"user_id":20002,"nickname":"Ann","card":"Ann of Tea","sex":"female","age":27,"area":"Hangzhou",` +
	`"join_time":1500000000,"last_sent_time":1700000000,"level":"12","role":"owner","unfriendly":false,"title":"Host",` +
	`"title_expire_time":0,"card_changeable":false,"shut_up_timestamp":0}`

func getGroupMemberInfo() declaration {
	return action[memberParams, member]{
		name:  "get_group_member_info",
		doc:   "Returns one member of a group.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *memberParams) (member, error) {
			m, err := c.Driver.Member(ctx, p.GroupID, p.UserID, p.NoCache)
			return memberOf(m), err
		},
		example: example{params: `{"group_id":30003,"user_id":20002}`, data: memberExample},
	}
}

func getGroupMemberList() declaration {
	return action[groupCacheParams, []member]{
		name:  "get_group_member_list",
		doc:   "Returns all members of a group.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *groupCacheParams) ([]member, error) {
			members, err := c.Driver.Members(ctx, p.GroupID, p.NoCache)
			return convert(members, memberOf), err
		},
		example: example{params: `{"group_id":30003}`, data: `[` + memberExample + `]`},
	}
}
