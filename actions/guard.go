package actions

import (
	"context"
	"fmt"
	"slices"

	"echogate/protocol"
	"echogate/protocol/message"
)

// guard is the driver as an endpoint's policy lets it be seen. Handlers have no other, so that none can forget to ask.
// It implements every ability that an action may need; one that the driver lacks, or that guard does not know, is
// [protocol.ErrUnsupported]. The methods of Directory and Messenger are written out, so that a new one does not slip by.
type guard struct {
	protocol.Session
	driver protocol.Driver
	permit *permissions
}

var (
	_ protocol.Driver    = guard{}
	_ protocol.Historian = guard{}
)

// Friends leaves out who is not permitted.
func (g guard) Friends(ctx context.Context, fresh bool) ([]protocol.Friend, error) {
	friends, err := g.driver.Friends(ctx, fresh)
	return permitted(friends, func(f protocol.Friend) error { return g.permit.user(f.UserID) }), err
}

// User refuses who is not permitted.
func (g guard) User(ctx context.Context, u protocol.UserID) (protocol.User, error) {
	if err := g.permit.user(u); err != nil {
		return protocol.User{}, err
	}
	return g.driver.User(ctx, u)
}

// Groups leaves out what is not permitted.
func (g guard) Groups(ctx context.Context, fresh bool) ([]protocol.GroupInfo, error) {
	groups, err := g.driver.Groups(ctx, fresh)
	return permitted(groups, func(i protocol.GroupInfo) error { return g.permit.group(i.GroupID) }), err
}

// Group refuses what is not permitted.
func (g guard) Group(ctx context.Context, id protocol.GroupID, fresh bool) (protocol.GroupInfo, error) {
	if err := g.permit.group(id); err != nil {
		return protocol.GroupInfo{}, err
	}
	return g.driver.Group(ctx, id, fresh)
}

// Members refuses groups that are not permitted.
func (g guard) Members(ctx context.Context, id protocol.GroupID, fresh bool) ([]protocol.Member, error) {
	if err := g.permit.group(id); err != nil {
		return nil, err
	}
	return g.driver.Members(ctx, id, fresh)
}

// Member refuses groups that are not permitted.
func (g guard) Member(ctx context.Context, id protocol.GroupID, u protocol.UserID, fresh bool) (protocol.Member, error) {
	if err := g.permit.group(id); err != nil {
		return protocol.Member{}, err
	}
	return g.driver.Member(ctx, id, u, fresh)
}

// Send refuses chats that are not permitted.
func (g guard) Send(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
	if err := g.permit.chat(to); err != nil {
		return protocol.Message{}, err
	}
	return g.driver.Send(ctx, to, body)
}

// Recall refuses chats that are not permitted.
func (g guard) Recall(ctx context.Context, r protocol.Ref) error {
	if err := g.permit.chat(r.Chat); err != nil {
		return err
	}
	return g.driver.Recall(ctx, r)
}

// GroupHistory refuses groups that are not permitted.
func (g guard) GroupHistory(ctx context.Context, id protocol.GroupID, from, to uint32) ([]protocol.Message, error) {
	historian, ok := g.driver.(protocol.Historian)
	if !ok {
		return nil, protocol.ErrUnsupported
	}
	if err := g.permit.group(id); err != nil {
		return nil, err
	}
	return historian.GroupHistory(ctx, id, from, to)
}

// LastSeq refuses groups that are not permitted.
func (g guard) LastSeq(ctx context.Context, id protocol.GroupID) (uint32, error) {
	historian, ok := g.driver.(protocol.Historian)
	if !ok {
		return 0, protocol.ErrUnsupported
	}
	if err := g.permit.group(id); err != nil {
		return 0, err
	}
	return historian.LastSeq(ctx, id)
}

// guardedHistory is the message store as the policy lets it be seen.
type guardedHistory struct {
	History
	permit *permissions
}

// Get refuses messages of chats that are not permitted, without telling whose they are.
func (h guardedHistory) Get(ctx context.Context, id int32) (protocol.Message, error) {
	m, err := h.History.Get(ctx, id)
	if err != nil {
		return m, err
	}
	if h.permit.chat(m.Ref.Chat) != nil {
		return protocol.Message{}, &deniedError{what: fmt.Sprintf("the chat of message %d", id)}
	}
	return m, nil
}

// permitted is a copy of a list, which belongs to the driver, without the entries that ask objects to.
func permitted[T any](list []T, ask func(T) error) []T {
	return slices.DeleteFunc(slices.Clone(list), func(item T) bool { return ask(item) != nil })
}
