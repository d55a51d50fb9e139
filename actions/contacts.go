package actions

import (
	"context"

	"echogate/protocol"
)

type loginInfo struct {
	UserID   protocol.UserID `json:"user_id" doc:"QQ number of the account"`
	Nickname string          `json:"nickname" doc:"its name"`
}

func getLoginInfo() declaration {
	return action[nothing, loginInfo]{
		name:  "get_login_info",
		doc:   "Returns the account that is logged in.",
		reads: true,
		run: func(_ context.Context, c *caller, _ *nothing) (loginInfo, error) {
			self := c.Driver.Status().Self
			if self.UserID == 0 {
				return loginInfo{}, protocol.ErrOffline
			}
			return loginInfo(self), nil
		},
		example: example{params: `{}`, data: `{"user_id":10001,"nickname":"Echo"}`},
	}
}

type strangerParams struct {
	UserID protocol.UserID `param:"user_id" doc:"the user"`
	// QQ is asked every time; the parameter is there because OneBot documents it.
	NoCache bool `param:"no_cache" default:"false" doc:"without effect: QQ is always asked"`
}

type stranger struct {
	UserID    protocol.UserID `json:"user_id" doc:"QQ number"`
	Nickname  string          `json:"nickname" doc:"name"`
	Sex       string          `json:"sex" doc:"male, female or unknown"`
	Age       int             `json:"age" doc:"years, as the profile states"`
	QID       string          `json:"qid" doc:"QQ's id card, empty if none is set"`
	Sign      string          `json:"sign" doc:"personal signature"`
	Level     int             `json:"level" doc:"QQ level"`
	LoginDays int64           `json:"login_days" doc:"consecutive days of use"`
	VIPLevel  string          `json:"vip_level" doc:"as QQ writes it, such as svip8"`
}

func getStrangerInfo() declaration {
	return action[strangerParams, stranger]{
		name:  "get_stranger_info",
		doc:   "Returns the profile of any QQ user.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *strangerParams) (stranger, error) {
			u, err := c.Driver.User(ctx, p.UserID)
			return stranger{
				UserID: u.UserID, Nickname: u.Nickname, Sex: u.Sex.String(), Age: u.Age, QID: u.QID,
				Sign: u.Sign, Level: u.Level, LoginDays: u.LoginDays, VIPLevel: u.VIPLevel,
			}, err
		},
		example: example{
			params: `{"user_id":20002}`,
			data: `{"user_id":20002,"nickname":"Ann","sex":"female","age":27,"qid":"ann-tea","sign":"more tea","level":33,` +
				`"login_days":12,"vip_level":"vip3"}`,
		},
	}
}

type friend struct {
	UserID   protocol.UserID `json:"user_id" doc:"QQ number"`
	Nickname string          `json:"nickname" doc:"name"`
	Remark   string          `json:"remark" doc:"the account's own name for the friend"`
}

func getFriendList() declaration {
	return action[cacheParams, []friend]{
		name:  "get_friend_list",
		doc:   "Returns the friends of the account.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *cacheParams) ([]friend, error) {
			friends, err := c.Driver.Friends(ctx, p.NoCache)
			return convert(friends, func(f protocol.Friend) friend { return friend(f) }), err
		},
		example: example{params: `{}`, data: `[{"user_id":20002,"nickname":"Ann","remark":"Annie"}]`},
	}
}

// convert maps a list; none is an empty one, because clients iterate over it.
func convert[A, B any](from []A, one func(A) B) []B {
	to := make([]B, 0, len(from))
	for _, a := range from {
		to = append(to, one(a))
	}
	return to
}
