package mirai

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Mrs4s/MiraiGo/client"
	"golang.org/x/sync/errgroup"

	"echogate/protocol"
)

const (
	// listsWait bounds the loading of MiraiGo's own lists, which asks for the members of every group.
	listsWait = 2 * time.Minute
	// groupsAtOnce is for how many groups members and cards are asked for at a time.
	groupsAtOnce = 8
	// settleWait bounds the wait for messages that came during the login to be decoded.
	settleWait = 500 * time.Millisecond
)

// arrive loads the lists after a login and reports the account as online. It runs on the session's goroutine only,
// because MiraiGo reloads its lists without a lock.
func (d *Driver) arrive(ctx context.Context, c *client.QQClient) error {
	lost, err := d.state.current()
	if err != nil {
		return err
	}
	// MiraiGo asks the server about every group that is not in its own list, once for each message.
	limited, cancel := context.WithTimeout(ctx, listsWait)
	defer cancel()
	_, err = call(limited, d.calls, lost, func() (struct{}, error) {
		return struct{}{}, errors.Join(c.ReloadFriendList(), c.ReloadGroupList())
	})
	d.gate.setBlind(false)
	if err != nil {
		d.logPanic("ReloadGroupList", err)
		return err
	}
	if err := errors.Join(d.reloadFriends(ctx), d.reloadGroups(ctx)); err != nil {
		return err
	}
	bases, err := d.loadGroups(ctx)
	if err != nil {
		return err
	}
	// What was pushed before the groups' newest seqs were read is to be in the inbox.
	d.gate.settle(settleWait)
	d.state.online()
	d.inbox.put(item{kind: session, event: protocol.Online{Self: d.state.get().Self}, bases: bases})
	d.log.Info().Int64("account", int64(d.self())).Int("groups", len(bases)).Msg("online")
	return nil
}

// loadGroups reads members and card of every group, and returns the seqs of their newest messages. A group that cannot
// be read is left for later.
func (d *Driver) loadGroups(ctx context.Context) (map[protocol.GroupID]uint32, error) {
	var mu sync.Mutex
	bases := map[protocol.GroupID]uint32{}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(groupsAtOnce)
	for _, g := range d.lists.get().groups {
		all.Go(func() error {
			if _, err := d.reloadMembers(ctx, g); err != nil {
				return d.skipGroup(g.GroupID, err)
			}
			info, newest, err := d.fetchGroup(ctx, g.GroupID)
			if err != nil {
				return d.skipGroup(g.GroupID, err)
			}
			d.lists.setGroup(info)
			mu.Lock()
			defer mu.Unlock()
			bases[g.GroupID] = newest
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, fmt.Errorf("load groups: %w", err)
	}
	return bases, nil
}

// skipGroup lets one group fail, but not the connection.
func (d *Driver) skipGroup(g protocol.GroupID, err error) error {
	if errors.Is(err, protocol.ErrOffline) || errors.Is(err, context.Canceled) {
		return err
	}
	d.log.Warn().Err(err).Int64("group", int64(g)).Msg("a group could not be loaded")
	return nil
}
