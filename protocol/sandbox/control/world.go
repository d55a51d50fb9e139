package control

import (
	"net/http"

	"echogate/protocol"
)

type account struct {
	UserID    protocol.UserID `json:"user_id"`
	Nickname  string          `json:"nickname"`
	Sex       string          `json:"sex"`
	Age       int             `json:"age"`
	Level     int             `json:"level"`
	QID       string          `json:"qid"`
	Sign      string          `json:"sign"`
	LoginDays int64           `json:"login_days"`
	VIP       string          `json:"vip"`
	Friends   []friend        `json:"friends"`
}

type friend struct {
	UserID   protocol.UserID `json:"user_id"`
	Nickname string          `json:"nickname"`
	Remark   string          `json:"remark"`
}

type group struct {
	GroupID    protocol.GroupID `json:"group_id"`
	Name       string           `json:"name"`
	Memo       string           `json:"memo"`
	Owner      protocol.UserID  `json:"owner"`
	CreateTime int64            `json:"create_time"`
	Level      int              `json:"level"`
	MaxMembers int              `json:"max_members"`
	MuteAll    bool             `json:"mute_all"`
	FirstSeq   uint32           `json:"first_seq"`
	LastSeq    uint32           `json:"last_seq"`
	Members    []member         `json:"members"`
}

type member struct {
	UserID        protocol.UserID `json:"user_id"`
	Nickname      string          `json:"nickname"`
	Card          string          `json:"card"`
	Role          string          `json:"role"`
	Title         string          `json:"title"`
	TitleExpire   int64           `json:"title_expire"`
	Level         int             `json:"level"`
	Area          string          `json:"area"`
	JoinTime      int64           `json:"join_time"`
	LastSpeakTime int64           `json:"last_speak_time"`
	MutedUntil    int64           `json:"muted_until"`
}

// readWorld lists the world under the names of the world file.
func (c *Control) readWorld(*http.Request) (any, error) {
	answer := struct {
		Bot      protocol.UserID `json:"bot"`
		Accounts []account       `json:"accounts"`
		Groups   []group         `json:"groups"`
	}{c.world.Bot(), []account{}, []group{}}
	for _, a := range c.world.Accounts() {
		entry := account{
			UserID: a.UserID, Nickname: a.Nickname, Sex: a.Sex.String(), Age: a.Age, Level: a.Level,
			QID: a.QID, Sign: a.Sign, LoginDays: a.LoginDays, VIP: a.VIPLevel, Friends: []friend{},
		}
		for _, f := range c.world.Friends(a.UserID) {
			entry.Friends = append(entry.Friends, friend(f))
		}
		answer.Accounts = append(answer.Accounts, entry)
	}
	for _, g := range c.world.AllGroups() {
		entry := group{
			GroupID: g.GroupID, Name: g.Name, Memo: g.Memo, Owner: g.Owner, CreateTime: g.CreateTime, Level: g.Level,
			MaxMembers: g.MaxMembers, MuteAll: g.MuteAll, FirstSeq: g.FirstSeq, LastSeq: g.LastSeq, Members: []member{},
		}
		for _, m := range c.world.Members(g.GroupID) {
			entry.Members = append(entry.Members, member{
				UserID: m.UserID, Nickname: m.Nickname, Card: m.Card, Role: m.Role.String(), Title: m.Title,
				TitleExpire: m.TitleExpire, Level: m.Level, Area: m.Area, JoinTime: m.JoinTime,
				LastSpeakTime: m.LastSpeakTime, MutedUntil: m.MuteUntil,
			})
		}
		answer.Groups = append(answer.Groups, entry)
	}
	return answer, nil
}
