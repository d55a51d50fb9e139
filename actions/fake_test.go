package actions

import (
	"context"
	"sync"

	"echogate/protocol"
	"echogate/protocol/message"
)

// fakeDriver answers from its functions; one that is not set panics when it is called, which fails the test by its
// INTERNAL answer.
type fakeDriver struct {
	protocol.Driver
	status  func() protocol.Status
	traits  protocol.Traits
	friends func(fresh bool) ([]protocol.Friend, error)
	user    func(protocol.UserID) (protocol.User, error)
	groups  func(fresh bool) ([]protocol.GroupInfo, error)
	members func(g protocol.GroupID, fresh bool) ([]protocol.Member, error)
	send    func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error)
	recall  func(ctx context.Context, r protocol.Ref) error
}

func (d *fakeDriver) Status() protocol.Status { return d.status() }
func (d *fakeDriver) Traits() protocol.Traits { return d.traits }

func (d *fakeDriver) Friends(_ context.Context, fresh bool) ([]protocol.Friend, error) {
	return d.friends(fresh)
}

func (d *fakeDriver) User(_ context.Context, u protocol.UserID) (protocol.User, error) {
	return d.user(u)
}

func (d *fakeDriver) Groups(_ context.Context, fresh bool) ([]protocol.GroupInfo, error) {
	return d.groups(fresh)
}

func (d *fakeDriver) Group(_ context.Context, g protocol.GroupID, fresh bool) (protocol.GroupInfo, error) {
	groups, err := d.groups(fresh)
	for _, info := range groups {
		if info.GroupID == g {
			return info, err
		}
	}
	return protocol.GroupInfo{}, &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
}

func (d *fakeDriver) Members(_ context.Context, g protocol.GroupID, fresh bool) ([]protocol.Member, error) {
	return d.members(g, fresh)
}

func (d *fakeDriver) Member(_ context.Context, g protocol.GroupID, u protocol.UserID, fresh bool) (protocol.Member, error) {
	members, err := d.members(g, fresh)
	for _, m := range members {
		if m.UserID == u {
			return m, err
		}
	}
	return protocol.Member{}, &protocol.NotFoundError{Kind: protocol.KindMember, ID: int64(u)}
}

func (d *fakeDriver) Send(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
	return d.send(ctx, to, body)
}

func (d *fakeDriver) Recall(ctx context.Context, r protocol.Ref) error { return d.recall(ctx, r) }

// fakeHistorian is a fakeDriver that is a protocol.Historian too.
type fakeHistorian struct {
	*fakeDriver
	history func(g protocol.GroupID, from, to uint32) ([]protocol.Message, error)
	lastSeq func(g protocol.GroupID) (uint32, error)
}

func (d *fakeHistorian) GroupHistory(_ context.Context, g protocol.GroupID, from, to uint32) ([]protocol.Message, error) {
	return d.history(g, from, to)
}

func (d *fakeHistorian) LastSeq(_ context.Context, g protocol.GroupID) (uint32, error) {
	return d.lastSeq(g)
}

// fakeHistory gives ids from 101 on.
type fakeHistory struct {
	mu     sync.Mutex
	stored map[int32]protocol.Message
	next   int32
	broken error // what Record and Get return if it is set
}

func (h *fakeHistory) Record(ctx context.Context, messages []protocol.Message) ([]int32, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken != nil {
		return nil, h.broken
	}
	ids := make([]int32, 0, len(messages))
	for _, m := range messages {
		ids = append(ids, h.idOf(m))
	}
	return ids, ctx.Err()
}

func (h *fakeHistory) idOf(m protocol.Message) int32 {
	for id, known := range h.stored {
		if known.Ref == m.Ref {
			return id
		}
	}
	h.next++
	h.stored[h.next] = m
	return h.next
}

func (h *fakeHistory) Get(_ context.Context, id int32) (protocol.Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken != nil {
		return protocol.Message{}, h.broken
	}
	m, ok := h.stored[id]
	if !ok {
		return m, &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(id)}
	}
	return m, nil
}
