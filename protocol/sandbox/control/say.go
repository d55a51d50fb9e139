package control

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// maxBurst bounds the messages of one burst: they stay in memory.
const maxBurst = 1_000_000

type none struct{}

func (c *Control) say(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	from, group, to, raw := o.user("from"), o.group("group"), o.user("to"), o.take("message")
	o.require("from", "message")
	if err := o.done(); err != nil {
		return nil, err
	}
	if (group == 0) == (to == 0) {
		return nil, badf(`one of the members "group" and "to" is wanted`)
	}
	body, err := message.Parse(raw, false)
	if err != nil {
		return nil, badf("member %q: %v", "message", err)
	}
	for _, segment := range body {
		if unknown, ok := segment.(message.Unknown); ok {
			return nil, badf("member %q: the sandbox's users cannot say segment %q", "message", unknown.Kind)
		}
	}
	if err := cmp.Or(c.checkUser(from), c.checkUser(to), c.checkGroup(group)); err != nil {
		return nil, err
	}
	var m sandbox.Message
	if group != 0 {
		m, err = c.world.SayGroup(from, group, 0, body)
	} else {
		m, err = c.world.SayPrivate(from, to, 0, 0, body)
	}
	if err != nil {
		return nil, err
	}
	return struct {
		Seq    uint32 `json:"seq"`
		Random uint32 `json:"random"`
		Time   int64  `json:"time"`
	}{m.Seq, m.Random, m.Time}, nil
}

func (c *Control) recall(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	group, user, peer, by := o.group("group"), o.user("user"), o.user("peer"), o.user("by")
	seq := uint32(o.number("seq", 1, maxNumber))
	o.require("seq")
	if err := o.done(); err != nil {
		return nil, err
	}
	switch {
	case (group == 0) == (user == 0):
		return nil, badf(`one of the members "group" and "user" is wanted`)
	case group != 0:
		err = c.recallGroup(group, seq, by, peer)
	default:
		err = c.recallPrivate(user, cmp.Or(peer, c.world.Bot()), seq, cmp.Or(by, user))
	}
	return none{}, err
}

func (c *Control) recallGroup(group protocol.GroupID, seq uint32, by, peer protocol.UserID) error {
	switch {
	case peer != 0:
		return badf(`member "peer" belongs to private chats`)
	case by == 0:
		return badf("member %q is missing", "by")
	}
	if err := cmp.Or(c.checkGroup(group), c.checkUser(by)); err != nil {
		return err
	}
	if len(c.world.GroupMessages(group, seq, seq)) == 0 {
		return &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(seq)}
	}
	_, err := c.world.RecallGroup(by, group, seq, 0)
	return err
}

func (c *Control) recallPrivate(user, peer protocol.UserID, seq uint32, by protocol.UserID) error {
	if err := cmp.Or(c.checkUser(user), c.checkUser(peer), c.checkUser(by)); err != nil {
		return err
	}
	m, ok := c.world.FindPrivate(user, peer, user, seq)
	switch {
	case !ok:
		return &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(seq)}
	case by != user:
		return &sandbox.Refusal{Code: sandbox.CodeRecall, Text: fmt.Sprintf("only its author %d may recall a private message", user)}
	}
	_, err := c.world.RecallPrivate(by, peer, seq, m.Random)
	return err
}

func (c *Control) burst(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	groups, from, count, text := o.groups("groups"), o.user("from"), int(o.number("count", 1, maxBurst)), o.text("text")
	o.require("groups", "count")
	if err := o.done(); err != nil {
		return nil, err
	}
	err = c.checkUser(from)
	for _, g := range groups {
		err = cmp.Or(err, c.checkGroup(g))
	}
	if err != nil {
		return nil, err
	}
	spans, err := c.world.Burst(from, groups, count, cmp.Or(text, "burst"))
	if _, refused := errors.AsType[*sandbox.Refusal](err); err != nil && !refused {
		return nil, badf("member %q: %v", "groups", err)
	} else if err != nil {
		return nil, err
	}
	type span struct {
		First uint32 `json:"first_seq"`
		Last  uint32 `json:"last_seq"`
	}
	answer := struct {
		Count  int                       `json:"count"`
		Groups map[protocol.GroupID]span `json:"groups"`
	}{count, make(map[protocol.GroupID]span, len(spans))}
	for _, s := range spans {
		answer.Groups[s.Group] = span{s.First, s.Last}
	}
	return answer, nil
}

// checkUser is a not-found error for a number without an account; 0 stands for a member that was left out.
func (c *Control) checkUser(u protocol.UserID) error {
	if _, ok := c.world.Account(u); !ok && u != 0 {
		return &protocol.NotFoundError{Kind: protocol.KindUser, ID: int64(u)}
	}
	return nil
}

func (c *Control) checkGroup(g protocol.GroupID) error {
	if _, ok := c.world.Group(g); !ok && g != 0 {
		return &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
	}
	return nil
}
