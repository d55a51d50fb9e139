package mirai

import (
	"context"
	"slices"

	"echogate/protocol"
)

// Friends implements [protocol.Directory].
func (d *Driver) Friends(ctx context.Context, fresh bool) ([]protocol.Friend, error) {
	if _, err := d.state.current(); err != nil {
		return nil, err
	}
	if s := d.lists.get(); s.friendsFresh && !fresh {
		return slices.Clone(s.friends), nil
	}
	if err := d.reloadFriends(ctx); err != nil {
		return nil, err
	}
	return slices.Clone(d.lists.get().friends), nil
}

// User implements [protocol.Directory]. Profile cards are always read from the server.
func (d *Driver) User(ctx context.Context, u protocol.UserID) (protocol.User, error) {
	return d.fetchUser(ctx, u)
}

// Groups implements [protocol.Directory].
func (d *Driver) Groups(ctx context.Context, fresh bool) ([]protocol.GroupInfo, error) {
	if _, err := d.state.current(); err != nil {
		return nil, err
	}
	if s := d.lists.get(); s.groupsFresh && !fresh {
		return slices.Clone(s.groups), nil
	}
	if err := d.reloadGroups(ctx); err != nil {
		return nil, err
	}
	return slices.Clone(d.lists.get().groups), nil
}

// Group implements [protocol.Directory]. A group of which the account is no member can be had fresh only.
func (d *Driver) Group(ctx context.Context, g protocol.GroupID, fresh bool) (protocol.GroupInfo, error) {
	if !fresh {
		return d.joinedGroup(ctx, g)
	}
	info, _, err := d.fetchGroup(ctx, g)
	if err != nil {
		return protocol.GroupInfo{}, err
	}
	d.lists.setGroup(info)
	return info, nil
}

// Members implements [protocol.Directory]. The list leaves Area and CardChangeable empty; only cards have them.
func (d *Driver) Members(ctx context.Context, g protocol.GroupID, fresh bool) ([]protocol.Member, error) {
	info, err := d.joinedGroup(ctx, g)
	if err != nil {
		return nil, err
	}
	s := d.lists.get()
	if r := s.members[g]; !fresh && r != nil && r.era == s.era {
		return slices.Clone(r.members), nil
	}
	members, err := d.reloadMembers(ctx, info)
	if err != nil {
		return nil, err
	}
	return slices.Clone(members), nil
}

// Member implements [protocol.Directory].
func (d *Driver) Member(ctx context.Context, g protocol.GroupID, u protocol.UserID, fresh bool) (protocol.Member, error) {
	info, err := d.joinedGroup(ctx, g)
	if err != nil {
		return protocol.Member{}, err
	}
	s := d.lists.get()
	if m, ok := s.member(g, u); ok && !fresh && s.members[g].era == s.era {
		return m, nil
	}
	m, err := d.fetchMember(ctx, info, u)
	if err != nil {
		return protocol.Member{}, err
	}
	d.lists.setMember(m)
	return m, nil
}

// joinedGroup finds a group of the account; one that is missing may have been joined on another device meanwhile.
func (d *Driver) joinedGroup(ctx context.Context, g protocol.GroupID) (protocol.GroupInfo, error) {
	if _, err := d.state.current(); err != nil {
		return protocol.GroupInfo{}, err
	}
	s := d.lists.get()
	i, ok := s.findGroup(g)
	if !ok || !s.groupsFresh {
		if err := d.reloadGroups(ctx); err != nil {
			return protocol.GroupInfo{}, err
		}
		s = d.lists.get()
		if i, ok = s.findGroup(g); !ok {
			return protocol.GroupInfo{}, &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
		}
	}
	return s.groups[i], nil
}

// friend finds a friend of the account, like joinedGroup.
func (d *Driver) friend(ctx context.Context, u protocol.UserID) error {
	if _, err := d.state.current(); err != nil {
		return err
	}
	if _, ok := d.lists.get().findFriend(u); ok {
		return nil
	}
	if err := d.reloadFriends(ctx); err != nil {
		return err
	}
	if _, ok := d.lists.get().findFriend(u); !ok {
		return &protocol.NotFoundError{Kind: protocol.KindFriend, ID: int64(u)}
	}
	return nil
}

func (d *Driver) reloadFriends(ctx context.Context) error {
	friends, err := d.fetchFriends(ctx)
	if err != nil {
		return err
	}
	d.lists.setFriends(friends)
	return nil
}

// reloadGroups reads the group list. It keeps what only cards tell about groups that were known before.
func (d *Driver) reloadGroups(ctx context.Context) error {
	groups, uins, err := d.fetchGroups(ctx)
	if err != nil {
		return err
	}
	before := d.lists.get()
	for i, g := range groups {
		if j, ok := before.findGroup(g.GroupID); ok {
			groups[i].CreateTime, groups[i].Level = before.groups[j].CreateTime, before.groups[j].Level
		}
	}
	d.lists.setGroups(groups, uins)
	return nil
}

func (d *Driver) reloadMembers(ctx context.Context, g protocol.GroupInfo) ([]protocol.Member, error) {
	s := d.lists.get()
	members, err := d.fetchMembers(ctx, g, s.uins[g.GroupID])
	if err != nil {
		return nil, err
	}
	d.lists.setMembers(g.GroupID, members, s.era)
	return members, nil
}
