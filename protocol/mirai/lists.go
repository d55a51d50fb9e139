package mirai

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"echogate/protocol"
)

// lists are the driver's own snapshots of the account's friends, groups and members. Readers get a snapshot without a
// lock; it never changes. A writer makes a new one.
type lists struct {
	mu   sync.Mutex // writers
	snap atomic.Pointer[snapshot]
}

// snapshot is one state of the lists. Nothing in it is changed once it is stored.
type snapshot struct {
	friends      []protocol.Friend // by number
	friendsFresh bool
	groups       []protocol.GroupInfo // by number
	groupsFresh  bool
	uins         map[protocol.GroupID]int64   // QQ's internal numbers of groups
	members      map[protocol.GroupID]*roster // of groups whose members are known
	era          int                          // counts up when some group's members have changed
}

// roster is the members of a group, by number.
type roster struct {
	members []protocol.Member
	era     int // when it was read
}

func (l *lists) init() { l.snap.Store(&snapshot{}) }

func (l *lists) get() *snapshot { return l.snap.Load() }

// change stores a copy of the snapshot that f may alter: its fields, not what they point to.
func (l *lists) change(f func(*snapshot)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := *l.snap.Load()
	f(&next)
	l.snap.Store(&next)
}

func (l *lists) setFriends(friends []protocol.Friend) {
	slices.SortFunc(friends, func(a, b protocol.Friend) int { return int(a.UserID - b.UserID) })
	l.change(func(s *snapshot) { s.friends, s.friendsFresh = friends, true })
}

func (l *lists) setGroups(groups []protocol.GroupInfo, uins map[protocol.GroupID]int64) {
	slices.SortFunc(groups, func(a, b protocol.GroupInfo) int { return int(a.GroupID - b.GroupID) })
	l.change(func(s *snapshot) {
		s.groups, s.uins, s.groupsFresh = groups, uins, true
		s.members = maps.Clone(s.members)
		maps.DeleteFunc(s.members, func(g protocol.GroupID, _ *roster) bool { _, there := uins[g]; return !there })
	})
}

// setGroup replaces one entry with what a card of the group says.
func (l *lists) setGroup(g protocol.GroupInfo) {
	l.change(func(s *snapshot) {
		if i, ok := s.findGroup(g.GroupID); ok {
			s.groups = slices.Clone(s.groups)
			s.groups[i] = g
		}
	})
}

func (l *lists) setMembers(g protocol.GroupID, members []protocol.Member, era int) {
	slices.SortFunc(members, func(a, b protocol.Member) int { return int(a.UserID - b.UserID) })
	l.change(func(s *snapshot) {
		s.members = cloneOrNew(s.members)
		s.members[g] = &roster{members, era}
	})
}

func cloneOrNew[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// setMember replaces or adds one member of a group whose members are known.
func (l *lists) setMember(m protocol.Member) {
	l.change(func(s *snapshot) {
		r := s.members[m.GroupID]
		if r == nil {
			return
		}
		next := &roster{slices.Clone(r.members), r.era}
		if i, ok := r.find(m.UserID); ok {
			next.members[i] = m
		} else {
			next.members = slices.Insert(next.members, i, m)
		}
		s.members = maps.Clone(s.members)
		s.members[m.GroupID] = next
	})
}

func (l *lists) friendsChanged() { l.change(func(s *snapshot) { s.friendsFresh = false }) }
func (l *lists) groupsChanged()  { l.change(func(s *snapshot) { s.groupsFresh = false; s.era++ }) }
func (l *lists) membersChanged() { l.change(func(s *snapshot) { s.era++ }) }

func (s *snapshot) findFriend(u protocol.UserID) (int, bool) {
	return slices.BinarySearchFunc(s.friends, u, func(f protocol.Friend, u protocol.UserID) int { return int(f.UserID - u) })
}

func (s *snapshot) findGroup(g protocol.GroupID) (int, bool) {
	return slices.BinarySearchFunc(s.groups, g, func(i protocol.GroupInfo, g protocol.GroupID) int { return int(i.GroupID - g) })
}

func (r *roster) find(u protocol.UserID) (int, bool) {
	return slices.BinarySearchFunc(r.members, u, func(m protocol.Member, u protocol.UserID) int { return int(m.UserID - u) })
}

func (s *snapshot) member(g protocol.GroupID, u protocol.UserID) (protocol.Member, bool) {
	r := s.members[g]
	if r == nil {
		return protocol.Member{}, false
	}
	i, ok := r.find(u)
	if !ok {
		return protocol.Member{}, false
	}
	return r.members[i], true
}

// sender describes the author of a message that just came. A card that the list does not know yet is put into it.
func (l *lists) sender(g protocol.GroupID, u protocol.UserID, nickname, card string) protocol.Sender {
	if m, ok := l.get().member(g, u); ok && m.Card != card && (card != "" || nickname != "") {
		m.Card = card
		l.setMember(m)
	}
	return l.describe(g, u, nickname, card)
}

// describe puts together what a message and the lists say of its author; the message counts for more.
func (l *lists) describe(g protocol.GroupID, u protocol.UserID, nickname, card string) protocol.Sender {
	m, _ := l.get().member(g, u)
	if nickname == "" {
		nickname = m.Nickname
	}
	if card == nickname {
		card = ""
	}
	return protocol.Sender{UserID: u, Nickname: nickname, Card: card, Role: m.Role, Title: m.Title, Level: m.Level}
}

// nickname is a friend's name, or the one given.
func (l *lists) nickname(u protocol.UserID, given string) string {
	s := l.get()
	if i, ok := s.findFriend(u); ok && s.friends[i].Nickname != "" {
		return s.friends[i].Nickname
	}
	return given
}

// name is what others see of a member: the card, or else the nickname.
func (s *snapshot) name(g protocol.GroupID, u protocol.UserID) string {
	m, _ := s.member(g, u)
	if m.Card != "" {
		return m.Card
	}
	return m.Nickname
}
