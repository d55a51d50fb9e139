package mirai

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
)

// maxHistory is how many messages QQ gives at once (MiraiGo client/group_msg.go).
const maxHistory = 20

// LastSeq implements [protocol.Historian].
func (d *Driver) LastSeq(ctx context.Context, g protocol.GroupID) (uint32, error) {
	_, newest, err := d.fetchGroup(ctx, g)
	return newest, err
}

// GroupHistory implements [protocol.Historian].
func (d *Driver) GroupHistory(ctx context.Context, g protocol.GroupID, from, to uint32) ([]protocol.Message, error) {
	if to < from || to-from >= maxHistory {
		return nil, fmt.Errorf("history of group %d: %d to %d are not 1 to %d messages", g, from, to, maxHistory)
	}
	if _, err := d.joinedGroup(ctx, g); err != nil {
		return nil, err
	}
	packet, err := proto.Marshal(&msg.GetGroupMsgReq{
		GroupCode: proto.Some(uint64(g)), BeginSeq: proto.Some(uint64(from)), EndSeq: proto.Some(uint64(to)),
		PublicGroup: proto.Some(false),
	})
	if err != nil {
		return nil, fmt.Errorf("encode history request: %w", err)
	}
	raw, err := d.request(ctx, "MessageSvc.PbGetGroupMsg", packet)
	if err != nil {
		return nil, err
	}
	var answer msg.GetGroupMsgResp
	if err := proto.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("read history of group %d: %w", g, err)
	}
	if code := answer.Result.Unwrap(); code != 0 {
		return nil, &protocol.RefusedError{Code: int(code), Text: answer.Errmsg.Unwrap()}
	}
	messages := make([]protocol.Message, 0, len(answer.Msg))
	for _, m := range joinFragments(answer.Msg) {
		if one, ok := d.fromWire(g, m); ok && one.Ref.Seq >= from && one.Ref.Seq <= to {
			messages = append(messages, one)
		}
	}
	slices.SortFunc(messages, func(a, b protocol.Message) int { return cmp.Compare(a.Ref.Seq, b.Ref.Seq) })
	return messages, nil
}

// joinFragments puts long messages together that a client sent in several packets, under the seq of the first.
func joinFragments(all []*msg.Message) []*msg.Message {
	var whole []*msg.Message
	fragments := map[int32][]*msg.Message{}
	for _, m := range all {
		if m.Content == nil || m.Content.PkgNum.Unwrap() <= 1 {
			whole = append(whole, m)
			continue
		}
		fragments[m.Content.DivSeq.Unwrap()] = append(fragments[m.Content.DivSeq.Unwrap()], m)
	}
	for _, parts := range fragments {
		slices.SortFunc(parts, func(a, b *msg.Message) int {
			return cmp.Compare(a.Content.PkgIndex.Unwrap(), b.Content.PkgIndex.Unwrap())
		})
		first := parts[0]
		for _, p := range parts[1:] {
			if hasText(first) && hasText(p) {
				first.Body.RichText.Elems = append(first.Body.RichText.Elems, p.Body.RichText.Elems...)
			}
		}
		whole = append(whole, first)
	}
	return whole
}

func hasText(m *msg.Message) bool { return m.Body != nil && m.Body.RichText != nil }

// fromWire translates a message of the history; one that was recalled or has expired has no content.
func (d *Driver) fromWire(g protocol.GroupID, m *msg.Message) (protocol.Message, bool) {
	if m.Head == nil || m.Head.FromUin.IsNone() || !hasText(m) || len(m.Body.RichText.Elems) == 0 {
		return protocol.Message{}, false
	}
	u := protocol.UserID(m.Head.FromUin.Unwrap())
	var card string
	if m.Head.GroupInfo != nil {
		card = m.Head.GroupInfo.GroupCard.Unwrap()
	}
	var random uint32
	if m.Body.RichText.Attr != nil {
		random = uint32(m.Body.RichText.Attr.Random.Unwrap())
	}
	body, err := parseElements(m.Body.RichText.Elems)
	if err != nil {
		d.log.Warn().Err(err).Int64("group", int64(g)).Int32("seq", m.Head.MsgSeq.Unwrap()).Msg("a message of the history could not be read")
	}
	return protocol.Message{
		Ref: protocol.Ref{
			Chat: protocol.GroupChat(g), Sender: u,
			Seq: uint32(m.Head.MsgSeq.Unwrap()), Random: random, Time: int64(m.Head.MsgTime.Unwrap()),
		},
		Sender: d.lists.describe(g, u, m.Head.FromNick.Unwrap(), card),
		Body:   body,
		Self:   u == d.self(),
	}, true
}

// parseElements reads elements with MiraiGo, which panics on some that are incomplete.
func parseElements(elements []*msg.Elem) (body message.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			body, err = message.Message{message.Unknown{Kind: "unknown"}}, fmt.Errorf("read elements: %v", p)
		}
	}()
	return fromElements(mirai.ParseMessageElems(elements)), nil
}
