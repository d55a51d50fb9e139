package sandbox

import (
	"echogate/protocol"
)

// Bounds of what a world file may say.
const (
	minUser     = 10000     // QQ numbers start here; clients refuse a token of a lower one
	maxID       = 1<<32 - 1 // QQ numbers travel as 32 bits
	maxTime     = 1<<32 - 1 // so do Unix times
	maxMembers  = 3000      // QQ's largest groups
	maxFirstSeq = 1 << 30   // leaves room for a billion messages
)

func (w *World) loadGroup(p place) error {
	keys, err := p.mapping("group_id", "name", "memo", "create_time", "level", "max_members", "mute_all", "first_seq", "members")
	if err != nil {
		return err
	}
	g := &group{
		info:     protocol.GroupInfo{MaxMembers: 200},
		firstSeq: 1,
		members:  make(map[protocol.UserID]*protocol.Member),
	}
	err = first(
		number(keys["group_id"], &g.info.GroupID, 1, maxID),
		keys["name"].name(&g.info.Name, true),
		keys["memo"].text(&g.info.Memo),
		keys["create_time"].moment(&g.info.CreateTime),
		number(keys["level"], &g.info.Level, 0, 255),
		number(keys["max_members"], &g.info.MaxMembers, 1, maxMembers),
		keys["mute_all"].decode(&g.muteAll, "true or false"),
		number(keys["first_seq"], &g.firstSeq, 1, maxFirstSeq),
	)
	if err != nil {
		return err
	}
	if w.groups[g.info.GroupID] != nil {
		return keys["group_id"].errorf("group %d exists already", g.info.GroupID)
	}
	members, err := keys["members"].sequence()
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := w.loadMember(g, m); err != nil {
			return err
		}
	}
	switch {
	case g.info.Owner == 0:
		return keys["members"].errorf("the group has no owner")
	case len(g.members) > g.info.MaxMembers:
		return keys["members"].errorf("%d members are more than max_members %d", len(g.members), g.info.MaxMembers)
	}
	w.groups[g.info.GroupID] = g
	return nil
}

func (w *World) loadMember(g *group, p place) error {
	keys, err := p.mapping("user_id", "role", "card", "title", "title_expire", "level", "area", "join_time", "last_speak_time", "muted_until")
	if err != nil {
		return err
	}
	u, err := w.reference(keys["user_id"])
	if err != nil {
		return err
	}
	account := w.accounts[u]
	m := &protocol.Member{
		GroupID: g.info.GroupID, UserID: u, Level: 1,
		Nickname: account.Nickname, Sex: account.Sex, Age: account.Age,
	}
	err = first(
		keys["role"].role(&m.Role),
		keys["card"].name(&m.Card, false),
		keys["title"].name(&m.Title, false),
		keys["title_expire"].moment(&m.TitleExpire),
		number(keys["level"], &m.Level, 0, 255),
		keys["area"].text(&m.Area),
		keys["join_time"].moment(&m.JoinTime),
		keys["last_speak_time"].moment(&m.LastSpeakTime),
		keys["muted_until"].moment(&m.MuteUntil),
	)
	if err != nil {
		return err
	}
	if g.members[u] != nil {
		return keys["user_id"].errorf("%d is in the group already", u)
	}
	if m.Role == protocol.RoleOwner {
		switch {
		case g.info.Owner != 0:
			return keys["role"].errorf("the group has two owners, %d and %d", g.info.Owner, u)
		case m.MuteUntil != 0:
			return keys["muted_until"].errorf("nobody can mute a group's owner")
		}
		g.info.Owner = u
	}
	g.members[u] = m
	return nil
}
