package sandbox

import (
	"maps"
	"slices"
	"sync"
	"time"

	"echogate/protocol"
)

// World is the state of the embedded QQ. Make one with [Load] or [Default].
type World struct {
	now func() time.Time

	mu       sync.Mutex
	bot      protocol.UserID
	accounts map[protocol.UserID]protocol.User
	friends  map[protocol.UserID]map[protocol.UserID]string // own view: friend -> remark
	groups   map[protocol.GroupID]*group
	chats    map[pair]*privateChat
	lastID   uint64
	log      []change
	wake     chan struct{} // closed at the next change; nil while nobody waits
}

// group is one group with everything said in it.
type group struct {
	info     protocol.GroupInfo // Members is counted when it is asked for
	muteAll  bool
	firstSeq uint32
	members  map[protocol.UserID]*protocol.Member
	said     []*Message // said[i].Seq == firstSeq+i
}

// pair names a private chat; low < high, or equal for somebody who talks to himself.
type pair struct{ low, high protocol.UserID }

func pairOf(a, b protocol.UserID) pair { return pair{min(a, b), max(a, b)} }

// privateChat is what two accounts said to each other, in the order in which it was said.
type privateChat struct {
	said    []*Message
	lastSeq map[protocol.UserID]uint32 // by author: each direction has its own numbers
}

// Option changes how a World works.
type Option func(*World)

// WithClock makes the World take the time from now, which is called with the World locked. The default is time.Now.
func WithClock(now func() time.Time) Option { return func(w *World) { w.now = now } }

// GroupState is a group as it is at one moment.
type GroupState struct {
	protocol.GroupInfo
	MuteAll  bool   // only the owner and admins may speak
	FirstSeq uint32 // seq of the group's first message
	LastSeq  uint32 // seq of its newest message; FirstSeq-1 while there is none
}

// Now is the World's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now()
}

// Bot is the account that echogate logs in as unless it is told otherwise.
func (w *World) Bot() protocol.UserID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bot
}

// Account is the profile of one account; false when there is none with this number.
func (w *World) Account(u protocol.UserID) (protocol.User, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.accounts[u]
	return a, ok
}

// Accounts are all profiles, ordered by number.
func (w *World) Accounts() []protocol.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	return sortedValues(w.accounts)
}

// Friends is the friend list of u with u's remarks, ordered by number; empty when there is no such account.
func (w *World) Friends(u protocol.UserID) []protocol.Friend {
	w.mu.Lock()
	defer w.mu.Unlock()
	remarks := w.friends[u]
	list := make([]protocol.Friend, 0, len(remarks))
	for _, f := range slices.Sorted(maps.Keys(remarks)) {
		list = append(list, protocol.Friend{UserID: f, Nickname: w.accounts[f].Nickname, Remark: remarks[f]})
	}
	return list
}

// Groups are the groups that u is in, ordered by number.
func (w *World) Groups(u protocol.UserID) []GroupState {
	return w.selectGroups(func(g *group) bool { return g.members[u] != nil })
}

// AllGroups are all groups of the world, ordered by number.
func (w *World) AllGroups() []GroupState {
	return w.selectGroups(func(*group) bool { return true })
}

func (w *World) selectGroups(wanted func(*group) bool) []GroupState {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []GroupState{}
	for _, g := range sortedValues(w.groups) {
		if wanted(g) {
			list = append(list, g.state())
		}
	}
	return list
}

// Group is one group; false when there is none with this number.
func (w *World) Group(g protocol.GroupID) (GroupState, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if found := w.groups[g]; found != nil {
		return found.state(), true
	}
	return GroupState{}, false
}

// Members are the members of a group, ordered by number; empty when there is no such group. CardChangeable is left
// false: it depends on who asks.
func (w *World) Members(g protocol.GroupID) []protocol.Member {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.groups[g]
	if found == nil {
		return nil
	}
	list := make([]protocol.Member, 0, len(found.members))
	for _, m := range sortedValues(found.members) {
		list = append(list, *m)
	}
	return list
}

// Member is one member of a group; false when there is no such group or u is not in it.
func (w *World) Member(g protocol.GroupID, u protocol.UserID) (protocol.Member, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if found := w.groups[g]; found != nil && found.members[u] != nil {
		return *found.members[u], true
	}
	return protocol.Member{}, false
}

func (g *group) state() GroupState {
	info := g.info
	info.Members = len(g.members)
	return GroupState{GroupInfo: info, MuteAll: g.muteAll, FirstSeq: g.firstSeq, LastSeq: g.nextSeq() - 1}
}

func (g *group) nextSeq() uint32 { return g.firstSeq + uint32(len(g.said)) }

// sortedValues are the values of m in the order of their keys.
func sortedValues[K ~int64, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}
