package sandbox_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// The people of village, and its groups.
const (
	bot, owner, admin, deputy, ann, mute, stranger = 10001, 10011, 10012, 10013, 10021, 10022, 10099

	square, hall, choir = 101, 102, 103 // square starts at seq 1, hall at 500; in choir only owner and admins may speak
)

const village = `
bot: 10001
accounts:
  - {user_id: 10001, nickname: bot, friends: {10011: boss, 10021: ""}}
  - {user_id: 10011, nickname: Olga, sex: female, age: 50, level: 3, qid: olga, sign: hello, login_days: 7, vip: svip1}
  - {user_id: 10012, nickname: Adam}
  - {user_id: 10013, nickname: Dora}
  - {user_id: 10021, nickname: Ann, friends: {10001: my bot}}
  - {user_id: 10022, nickname: Mute}
  - {user_id: 10099, nickname: Stranger}
groups:
  - group_id: 101
    name: square
    memo: meet here
    create_time: 1000
    level: 2
    max_members: 6
    members:
      - {user_id: 10001, card: the bot}
      - {user_id: 10011, role: owner}
      - {user_id: 10012, role: admin, card: boss, title: chief, title_expire: 5, level: 4, area: north, join_time: 3, last_speak_time: 4}
      - {user_id: 10013, role: admin}
      - {user_id: 10021}
      - {user_id: 10022, muted_until: 2000-01-01T00:02:00Z}
  - {group_id: 102, name: hall, first_seq: 500, members: [{user_id: 10011, role: owner}, {user_id: 10001}]}
  - {group_id: 103, name: choir, mute_all: true, members: [{user_id: 10011, role: owner}, {user_id: 10012, role: admin}, {user_id: 10001}]}
`

// clock is a settable time; it starts in the year 2000.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func newVillage(t *testing.T) (*sandbox.World, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	w, err := sandbox.Load(strings.NewReader(village), sandbox.WithClock(c.now))
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

// areFriends tells whether b is in the friend list of a.
func areFriends(w *sandbox.World, a, b protocol.UserID) bool {
	return slices.ContainsFunc(w.Friends(a), func(f protocol.Friend) bool { return f.UserID == b })
}

func text(s string) message.Message { return message.Message{message.Text{Text: s}} }

// say says something in a group that must be allowed.
func say(t *testing.T, w *sandbox.World, from protocol.UserID, g protocol.GroupID, s string) sandbox.Message {
	t.Helper()
	m, err := w.SayGroup(from, g, 0, text(s))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// whisper says something to a friend that must be allowed.
func whisper(t *testing.T, w *sandbox.World, from, to protocol.UserID, s string) sandbox.Message {
	t.Helper()
	m, err := w.SayPrivate(from, to, 0, 0, text(s))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantRefusal checks for a refusal; code 0 wants none.
func wantRefusal(t *testing.T, err error, code int) {
	t.Helper()
	got := 0
	if refusal, ok := errors.AsType[*sandbox.Refusal](err); ok {
		got = refusal.Code
	} else if err != nil {
		t.Errorf("the error is %v, want a refusal", err)
	}
	if got != code {
		t.Errorf("refused with code %d (%v), want %d", got, err, code)
	}
}

func texts(list []sandbox.Message) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Body.PlainText())
	}
	return out
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAccounts(t *testing.T) {
	w, _ := newVillage(t)
	equal(t, w.Bot(), protocol.UserID(bot))
	olga, ok := w.Account(owner)
	equal(t, ok, true)
	equal(t, olga, protocol.User{
		UserID: owner, Nickname: "Olga", Sex: protocol.Female, Age: 50, Level: 3, QID: "olga", Sign: "hello", LoginDays: 7, VIPLevel: "svip1",
	})
	if _, ok := w.Account(5); ok {
		t.Error("there is an account 5")
	}
	var ids []protocol.UserID
	for _, a := range w.Accounts() {
		ids = append(ids, a.UserID)
	}
	equal(t, ids, []protocol.UserID{bot, owner, admin, deputy, ann, mute, stranger})
}

func TestFriends(t *testing.T) {
	w, _ := newVillage(t)
	equal(t, w.Friends(bot), []protocol.Friend{{UserID: owner, Nickname: "Olga", Remark: "boss"}, {UserID: ann, Nickname: "Ann"}})
	// Stated by the bot alone, the friendship holds for Olga as well; Ann states her own remark.
	equal(t, w.Friends(owner), []protocol.Friend{{UserID: bot, Nickname: "bot"}})
	equal(t, w.Friends(ann), []protocol.Friend{{UserID: bot, Nickname: "bot", Remark: "my bot"}})
	equal(t, w.Friends(stranger), []protocol.Friend{})
}

func TestGroups(t *testing.T) {
	w, _ := newVillage(t)
	state, ok := w.Group(square)
	equal(t, ok, true)
	equal(t, state, sandbox.GroupState{
		GroupInfo: protocol.GroupInfo{
			GroupID: square, Name: "square", Memo: "meet here", Owner: owner, CreateTime: 1000, Level: 2, Members: 6, MaxMembers: 6,
		},
		FirstSeq: 1,
	})
	if _, ok := w.Group(5); ok {
		t.Error("there is a group 5")
	}
	ids := func(list []sandbox.GroupState) (out []protocol.GroupID) {
		for _, g := range list {
			out = append(out, g.GroupID)
		}
		return out
	}
	equal(t, ids(w.AllGroups()), []protocol.GroupID{square, hall, choir})
	equal(t, ids(w.Groups(admin)), []protocol.GroupID{square, choir})
	equal(t, ids(w.Groups(stranger)), nil)
	choirState, _ := w.Group(choir)
	equal(t, choirState.MuteAll, true)
}

func TestMembers(t *testing.T) {
	w, _ := newVillage(t)
	m, ok := w.Member(square, admin)
	equal(t, ok, true)
	equal(t, m, protocol.Member{
		GroupID: square, UserID: admin, Nickname: "Adam", Card: "boss", Title: "chief", TitleExpire: 5, Level: 4, Area: "north",
		Role: protocol.RoleAdmin, JoinTime: 3, LastSpeakTime: 4,
	})
	for _, absent := range []struct {
		g protocol.GroupID
		u protocol.UserID
	}{{square, stranger}, {5, bot}} {
		if _, ok := w.Member(absent.g, absent.u); ok {
			t.Errorf("%d is a member of %d", absent.u, absent.g)
		}
	}
	list := w.Members(hall)
	equal(t, len(list), 2)
	equal(t, list[0].UserID, protocol.UserID(bot))
	equal(t, w.Members(5), nil)

	list[0].Card = "changed"
	again, _ := w.Member(hall, bot)
	equal(t, again.Card, "")
}
