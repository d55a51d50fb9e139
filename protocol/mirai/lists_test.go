package mirai

import (
	"sync"
	"testing"

	"echogate/protocol"
)

func testLists() *lists {
	l := &lists{}
	l.init()
	l.setFriends([]protocol.Friend{{UserID: 3, Nickname: "c"}, {UserID: 1, Nickname: "a"}})
	l.setGroups([]protocol.GroupInfo{{GroupID: 20, Name: "y"}, {GroupID: 10, Name: "x", Level: 1}}, map[protocol.GroupID]int64{10: 110, 20: 120})
	l.setMembers(10, []protocol.Member{
		{GroupID: 10, UserID: 5, Nickname: "n5", Card: "c5", Role: protocol.RoleAdmin, Title: "t", Level: 3},
		{GroupID: 10, UserID: 4, Nickname: "n4"},
	}, 0)
	return l
}

func TestListsAreFound(t *testing.T) {
	s := testLists().get()
	if i, ok := s.findFriend(3); !ok || s.friends[i].Nickname != "c" {
		t.Errorf("friend 3 at %d, %v", i, ok)
	}
	if _, ok := s.findFriend(2); ok {
		t.Error("a friend that is none")
	}
	if i, ok := s.findGroup(20); !ok || s.groups[i].Name != "y" {
		t.Errorf("group 20 at %d, %v", i, ok)
	}
	if m, ok := s.member(10, 4); !ok || m.Nickname != "n4" {
		t.Errorf("member %+v, %v", m, ok)
	}
	for _, missing := range []struct {
		g protocol.GroupID
		u protocol.UserID
	}{{10, 6}, {20, 4}, {30, 4}} {
		if _, ok := s.member(missing.g, missing.u); ok {
			t.Errorf("%+v is found", missing)
		}
	}
	for u, want := range map[protocol.UserID]string{5: "c5", 4: "n4", 6: ""} {
		if got := s.name(10, u); got != want {
			t.Errorf("name of %d is %q, want %q", u, got, want)
		}
	}
}

func TestSnapshotsDoNotChange(t *testing.T) {
	l := testLists()
	before := l.get()
	l.setGroup(protocol.GroupInfo{GroupID: 10, Name: "new"})
	l.setGroup(protocol.GroupInfo{GroupID: 99, Name: "not a group of ours"})
	l.setMember(protocol.Member{GroupID: 10, UserID: 5, Card: "new"})
	l.setMember(protocol.Member{GroupID: 10, UserID: 6, Card: "sixth"})
	l.setMember(protocol.Member{GroupID: 20, UserID: 5})
	l.setMembers(20, nil, 0)
	l.membersChanged()
	old := before.members[10].members
	if before.groups[0].Name != "x" || len(before.members) != 1 || len(old) != 2 || old[1].Card != "c5" || before.era != 0 {
		t.Errorf("the old snapshot changed: %+v", before)
	}
	after := l.get()
	if after.groups[0].Name != "new" || len(after.groups) != 2 || after.name(10, 6) != "sixth" || after.name(10, 5) != "new" || after.era != 1 {
		t.Errorf("the new snapshot: %+v", after)
	}
	l.setGroups([]protocol.GroupInfo{{GroupID: 20}}, map[protocol.GroupID]int64{20: 120})
	if s := l.get(); s.members[10] != nil || s.members[20] == nil {
		t.Errorf("members of a group that was left: %+v", s.members)
	}
}

func TestStaleness(t *testing.T) {
	l := testLists()
	if s := l.get(); !s.friendsFresh || !s.groupsFresh {
		t.Errorf("new lists: %+v", s)
	}
	l.friendsChanged()
	l.groupsChanged()
	if s := l.get(); s.friendsFresh || s.groupsFresh || s.era != 1 || len(s.friends) != 2 {
		t.Errorf("after changes: %+v", s)
	}
}

func TestSender(t *testing.T) {
	l := testLists()
	got := l.sender(10, 5, "n5", "new card")
	want := protocol.Sender{UserID: 5, Nickname: "n5", Card: "new card", Role: protocol.RoleAdmin, Title: "t", Level: 3}
	if got != want || l.get().name(10, 5) != "new card" {
		t.Errorf("sender %+v, want %+v; listed as %q", got, want, l.get().name(10, 5))
	}
	if got := l.sender(10, 5, "n5", ""); got.Card != "" || l.get().name(10, 5) != "n5" {
		t.Errorf("a card taken off: %+v", got)
	}
	if got := l.describe(10, 4, "", ""); got.Nickname != "n4" {
		t.Errorf("known by the list only: %+v", got)
	}
	if got := l.sender(30, 9, "who", "who"); got != (protocol.Sender{UserID: 9, Nickname: "who"}) {
		t.Errorf("unknown: %+v", got)
	}
	if l.nickname(1, "x") != "a" || l.nickname(2, "x") != "x" {
		t.Error("nicknames of friends")
	}
}

func TestListsUnderConcurrency(t *testing.T) {
	l := testLists()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 200 {
				l.setMember(protocol.Member{GroupID: 10, UserID: protocol.UserID(1000*(i+1) + j), Nickname: "n"})
				l.sender(10, 5, "n5", "c5")
				l.friendsChanged()
			}
		})
	}
	all.Wait()
	if n := len(l.get().members[10].members); n != 4*200+2 {
		t.Errorf("%d members", n)
	}
}
