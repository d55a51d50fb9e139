package mirai

import (
	"context"
	"fmt"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
)

const recallCommand = "PbMessageSvc.PbMsgWithDraw"

// Recall implements [protocol.Messenger]. QQ reports the recall of a group's message as an event to everybody, the
// account included; of a private message only to the friend.
func (d *Driver) Recall(ctx context.Context, r protocol.Ref) error {
	switch r.Chat.Kind {
	case protocol.Group:
		return d.recallGroup(ctx, r)
	case protocol.Private:
		return d.recallPrivate(ctx, r)
	default:
		return fmt.Errorf("recall in %s: %w", r.Chat, protocol.ErrUnsupported)
	}
}

func (d *Driver) recallGroup(ctx context.Context, r protocol.Ref) error {
	g := protocol.GroupID(r.Chat.ID)
	if r.Random == 0 {
		history, err := d.GroupHistory(ctx, g, r.Seq, r.Seq)
		if err != nil {
			return err
		}
		if len(history) == 0 {
			return &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(r.Seq)}
		}
		r.Random = history[0].Ref.Random
	}
	answer, err := d.withdraw(ctx, &msg.MsgWithDrawReq{GroupWithDraw: []*msg.GroupMsgWithDrawReq{{
		SubCmd: proto.Some(int32(1)), GroupCode: proto.Some(int64(g)),
		MsgList: []*msg.GroupMsgInfo{{
			MsgSeq: proto.Some(int32(r.Seq)), MsgRandom: proto.Some(int32(r.Random)), MsgType: proto.Some(int32(0)),
		}},
		UserDef: []byte{0x08, 0x00},
	}}})
	if err != nil {
		return err
	}
	return judgeGroupRecall(answer)
}

func judgeGroupRecall(answer *msg.MsgWithDrawResp) error {
	if len(answer.GroupWithDraw) == 0 {
		return fmt.Errorf("recall: %w", errNoOutcome)
	}
	for _, a := range answer.GroupWithDraw {
		if a.Result.IsNone() {
			return fmt.Errorf("recall: %w", errNoOutcome)
		}
		if code, text := a.Result.Unwrap(), a.ErrMsg.Unwrap(); code != 0 || !isSuccess(text) {
			return &protocol.RefusedError{Code: int(code), Text: text}
		}
	}
	return nil
}

func (d *Driver) recallPrivate(ctx context.Context, r protocol.Ref) error {
	answer, err := d.withdraw(ctx, &msg.MsgWithDrawReq{C2CWithDraw: []*msg.C2CMsgWithDrawReq{{
		MsgInfo: []*msg.C2CMsgInfo{{
			FromUin: proto.Some(int64(r.Sender)), ToUin: proto.Some(r.Chat.ID), MsgTime: proto.Some(r.Time),
			// The server's number of a private message is its random under this mark (MiraiGo client/recall.go).
			MsgUid: proto.Some(0x0100_0000_0000_0000 | int64(r.Random)),
			MsgSeq: proto.Some(int32(r.Seq)), MsgRandom: proto.Some(int32(r.Random)),
			RoutingHead: &msg.RoutingHead{C2C: &msg.C2C{ToUin: proto.Some(r.Chat.ID)}},
		}},
		LongMessageFlag: proto.Some(int32(0)), Reserved: []byte{0x08, 0x00}, SubCmd: proto.Some(int32(1)),
	}}})
	if err != nil {
		return err
	}
	return judgePrivateRecall(answer)
}

func judgePrivateRecall(answer *msg.MsgWithDrawResp) error {
	if len(answer.C2CWithDraw) == 0 {
		return fmt.Errorf("recall: %w", errNoOutcome)
	}
	for _, a := range answer.C2CWithDraw {
		if a.Result.IsNone() {
			return fmt.Errorf("recall: %w", errNoOutcome)
		}
		// Private recalls are answered with 0, 1 or 2 when they worked; the text tells for sure.
		if code, text := a.Result.Unwrap(), a.ErrMsg.Unwrap(); !isSuccess(text) || code < 0 || code > 2 {
			return &protocol.RefusedError{Code: int(code), Text: text}
		}
	}
	return nil
}

// isSuccess reads the words of an answer as MiraiGo does (client/recall.go).
func isSuccess(text string) bool { return text == "" || text == "Success" }

func (d *Driver) withdraw(ctx context.Context, request *msg.MsgWithDrawReq) (*msg.MsgWithDrawResp, error) {
	packet, err := proto.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode recall: %w", err)
	}
	raw, err := d.request(ctx, recallCommand, packet)
	if err != nil {
		return nil, uncertain(err)
	}
	answer := &msg.MsgWithDrawResp{}
	if err := proto.Unmarshal(raw, answer); err != nil {
		return nil, fmt.Errorf("read answer to recall: %w", err)
	}
	return answer, nil
}
