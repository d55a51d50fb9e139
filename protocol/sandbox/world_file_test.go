package sandbox_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

func TestDefaultWorld(t *testing.T) {
	w := sandbox.Default()
	equal(t, w.Bot(), 10001)
	equal(t, len(w.Accounts()), 7)
	equal(t, len(w.Groups(w.Bot())), 3)
	if len(w.Friends(w.Bot())) < 3 {
		t.Errorf("the bot's friends are %v", w.Friends(w.Bot()))
	}
	equal(t, areFriends(w, w.Bot(), 20006), false)
	roles := make(map[protocol.Role]int)
	for _, m := range w.Members(30001) {
		roles[m.Role]++
	}
	equal(t, roles, map[protocol.Role]int{protocol.RoleOwner: 1, protocol.RoleAdmin: 1, protocol.RoleMember: 4})
	cat, _ := w.Account(20004)
	equal(t, cat.Nickname, "阿猫🐱")
	group, _ := w.Group(30002)
	equal(t, group.FirstSeq, 4001)
	member, _ := w.Member(30001, 20001)
	equal(t, member.JoinTime, 1582977600) // a timestamp in the file
}

func TestLoadNamesThePlace(t *testing.T) {
	const people = "bot: 10001\naccounts: [{user_id: 10001, nickname: b}, {user_id: 10002, nickname: c}]\n"
	const head = people + "groups: [{group_id: 9, name: g, members: [{user_id: 10001, role: owner}]}, "
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "the file is empty"},
		{"comment", "# nothing", "the file is empty"},
		{"null", "---\n", "bot: is missing"},
		{"not YAML", "a: [", "read world: yaml:"},
		{"two documents", people + "---\nbot: 10001\n", "more than one document"},
		{"scalar", "hello", "the file (line 1): must be a mapping"},
		{"unknown key", "bots: 1", "bots (line 1): unknown key, known are bot, accounts, groups"},
		{"doubled key", "bot: 10001\nbot: 10001\n", "bot (line 2): the key is written twice"},
		{"no bot", "accounts: [{user_id: 10001, nickname: b}]", "bot: is missing"},
		{"strange bot", "bot: 10003\naccounts: [{user_id: 10001, nickname: b}]", "bot (line 1): there is no account 10003"},
		{"accounts no list", "accounts: {}", "accounts (line 1): must be a list"},
		{"account no mapping", "accounts: [1]", "accounts[0] (line 1): must be a mapping"},
		{"account without number", "accounts: [{nickname: b}]", "accounts[0].user_id: is missing"},
		{"account without name", "accounts: [{user_id: 10001}]", "accounts[0].nickname: is missing"},
		{"unknown member", "accounts: [{user_id: 10001, nickname: b, nick: c}]", "accounts[0].nick (line 1): unknown key, known are user_id, nickname,"},
		{"fraction", "accounts: [{user_id: 10001.5, nickname: b}]", "accounts[0].user_id (line 1): must be a whole number"},
		{"word for a number", "accounts: [{user_id: one, nickname: b}]", "accounts[0].user_id (line 1): must be a whole number"},
		{"too large", "accounts: [{user_id: 4294967296, nickname: b}]", "4294967296 is too large: QQ numbers end at 4294967295"},
		{"no QQ number", "accounts: [{user_id: 10001, nickname: b},\n{user_id: 9999, nickname: c}]", "accounts[1].user_id (line 2): 9999 is too small: QQ numbers start at 10000"},
		{"zero", "accounts: [{user_id: 0, nickname: b}]", "accounts[0].user_id (line 1): 0 is too small"},
		{"bot of no QQ number", "bot: 999\naccounts: [{user_id: 10001, nickname: b}]", "bot (line 1): 999 is too small: QQ numbers start at 10000"},
		{"friend of no QQ number", "accounts: [{user_id: 10001, nickname: b, friends: {999: x}}]", "accounts[0].friends.999 (line 1): 999 is too small"},
		{"member of no QQ number", head + "{group_id: 1, name: h, members: [{user_id: 999}]}]", "groups[1].members[0].user_id (line 3): 999 is too small"},
		{"beyond 64 bits", "accounts: [{user_id: 99999999999999999999, nickname: b}]", "accounts[0].user_id (line 1): must be a whole number"},
		{"negative", "accounts: [{user_id: 10001, nickname: b, age: -1}]", "accounts[0].age (line 1): -1 is not between 0 and 255"},
		{"list for a text", "accounts: [{user_id: 10001, nickname: [b]}]", "accounts[0].nickname (line 1): must be text"},
		{"long name", "accounts: [{user_id: 10001, nickname: " + strings.Repeat("长", 21) + "}]", "accounts[0].nickname (line 1): has 63 bytes, 60 are allowed"},
		{"sex", "accounts: [{user_id: 10001, nickname: b, sex: robot}]", `accounts[0].sex (line 1): "robot" is none of unknown, male, female`},
		{"same account", "accounts: [{user_id: 10001, nickname: b}, {user_id: 10001, nickname: c}]", "accounts[1].user_id (line 1): account 10001 exists already"},
		{"strange friend", "accounts: [{user_id: 10001, nickname: b, friends: {10005: x}}]", "accounts[0].friends.10005 (line 1): there is no account 10005"},
		{"own friend", "accounts: [{user_id: 10001, nickname: b, friends: {10001: x}}]", "accounts[0].friends.10001 (line 1): nobody is his own friend"},
		{"remark", "accounts: [{user_id: 10001, nickname: b, friends: {10002: []}}, {user_id: 10002, nickname: b}]", "accounts[0].friends.10002 (line 1): must be text"},
		{"friends no mapping", "accounts: [{user_id: 10001, nickname: b, friends: [10002]}]", "accounts[0].friends (line 1): must be a mapping"},
		{"group key", head + "{id: 1}]", "groups[1].id (line 3): unknown key"},
		{"group without name", head + "{group_id: 1, members: [{user_id: 10001, role: owner}]}]", "groups[1].name: is missing"},
		{"same group", head + "{group_id: 9, name: h, members: [{user_id: 10001, role: owner}]}]", "groups[1].group_id (line 3): group 9 exists already"},
		{"no owner", head + "{group_id: 1, name: h, members: [{user_id: 10001}]}]", "groups[1].members (line 3): the group has no owner"},
		{"no members", head + "{group_id: 1, name: h}]", "groups[1].members: the group has no owner"},
		{"owners", head + "{group_id: 1, name: h, members: [{user_id: 10001, role: owner}, {user_id: 10002, role: owner}]}]", "role (line 3): the group has two"},
		{"crowd", head + "{group_id: 1, name: h, max_members: 1, members: [{user_id: 10001, role: owner}, {user_id: 10002}]}]", "2 members are more than"},
		{"strange member", head + "{group_id: 1, name: h, members: [{user_id: 10007}]}]", "groups[1].members[0].user_id (line 3): there is no account 10007"},
		{"same member", head + "{group_id: 1, name: h, members: [{user_id: 10001, role: owner}, {user_id: 10001}]}]", "members[1].user_id (line 3): 10001 is in the group"},
		{"role", head + "{group_id: 1, name: h, members: [{user_id: 10001, role: king}]}]", `"king" is none of member, admin, owner`},
		{"muted owner", head + "{group_id: 1, name: h, members: [{user_id: 10001, role: owner, muted_until: 5}]}]", "muted_until (line 3): nobody can mute"},
		{"truth", head + "{group_id: 1, name: h, mute_all: perhaps}]", "groups[1].mute_all (line 3): must be true or false"},
		{"seq", head + "{group_id: 1, name: h, first_seq: 0}]", "groups[1].first_seq (line 3): 0 is not between 1 and"},
		{"time", head + "{group_id: 1, name: h, create_time: yesterday}]", "groups[1].create_time (line 3): must be a whole number"},
		{"early time", head + "{group_id: 1, name: h, create_time: 1950-01-01}]", "groups[1].create_time (line 3): 1950-01-01 is before 1970"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sandbox.Load(strings.NewReader(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v\nwant         %q", err, tt.want)
			}
		})
	}
}

// The first QQ number is good; a group's number may be anything.
func TestLowestNumbers(t *testing.T) {
	w, err := sandbox.Load(strings.NewReader(`{bot: 10000, accounts: [{user_id: 10000, nickname: b}],
		groups: [{group_id: 1, name: g, members: [{user_id: 10000, role: owner}]}]}`))
	equal(t, err, nil)
	equal(t, w.Bot(), 10000)
	equal(t, len(w.Members(1)), 1)
}

func TestLoadFollowsAliases(t *testing.T) {
	w, err := sandbox.Load(strings.NewReader(`
bot: &bot 10001
accounts: [{user_id: *bot, nickname: &name b}, {user_id: 10002, nickname: *name, friends: {*bot : ~}}]
groups:
  - {group_id: 9, name: *name, members: &all [{user_id: *bot, role: owner}, {user_id: 10002}]}
  - {group_id: 10, name: h, members: *all}
`))
	equal(t, err, nil)
	equal(t, areFriends(w, 10001, 10002), true)
	equal(t, len(w.Members(10)), 2)
}

func FuzzLoad(f *testing.F) {
	file, err := os.ReadFile("default.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(file), village, "", "a: &a [*a]", "groups: &a [*a]", "bot: !!binary x", "<<: {bot: 10001}", "- 1", "? [a]\n: b", "--- &x *x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := sandbox.Load(bytes.NewReader(data))
		if (w == nil) == (err == nil) {
			t.Fatalf("world %v, error %v", w, err)
		}
		if err != nil {
			return
		}
		// Whatever is taken is whole: everybody who is named exists.
		if _, ok := w.Account(w.Bot()); !ok {
			t.Error("the bot has no account")
		}
		for _, a := range w.Accounts() {
			for _, friend := range w.Friends(a.UserID) {
				if !areFriends(w, friend.UserID, a.UserID) {
					t.Errorf("%d is a friend of %d, but not the other way", friend.UserID, a.UserID)
				}
			}
		}
		for _, g := range w.AllGroups() {
			if m, ok := w.Member(g.GroupID, g.Owner); !ok || m.Role != protocol.RoleOwner {
				t.Errorf("group %d has no owner", g.GroupID)
			}
		}
	})
}
