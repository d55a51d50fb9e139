package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// sendMessage answers MessageSvc.PbSendMsg. The World decides; its refusal's code and words are the answer. That the
// message was said reaches everybody who is concerned, in a group its sender too, through the change log. A message in
// several packages is several messages here, as it is to QQ's groups.
func (s *Server) sendMessage(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	var in wireSend
	if err := unmarshal(r.Payload, &in); err != nil {
		return nil, err
	}
	if code := s.Faults().RefuseSends; code != 0 {
		return sendResult(&Refusal{Code: code, Text: "refused by a fault of the sandbox"})
	}
	return sendResult(s.say(protocol.UserID(r.Uin), in))
}

func (s *Server) say(from protocol.UserID, in wireSend) error {
	if in.RoutingHead == nil || in.Body == nil {
		return &Refusal{Code: CodeMalformed, Text: "the message has no receiver or no body"}
	}
	body, err := decodeElems(in.Body.RichText)
	if err != nil {
		return &Refusal{Code: CodeMalformed, Text: err.Error()}
	}
	random := uint32(in.Random.Unwrap())
	switch to := in.RoutingHead; {
	case to.Grp != nil:
		_, err = s.world.SayGroup(from, protocol.GroupID(to.Grp.GroupCode.Unwrap()), random, body)
	case to.C2C != nil:
		_, err = s.world.SayPrivate(from, protocol.UserID(to.C2C.ToUin.Unwrap()), uint32(in.Seq.Unwrap()), random, body)
	default:
		err = &Refusal{Code: CodeNotFriend, Text: "sessions with strangers are not played"}
	}
	return err
}

// sendResult is the answer to PbSendMsg: 0, or the code and the words of the refusal.
func sendResult(err error) ([]byte, error) {
	code, text, err := refusal(err)
	if err != nil {
		return nil, err
	}
	out := msg.SendMessageResponse{Result: proto.Some(int32(code))}
	if code != 0 {
		out.ErrMsg = proto.Some(text)
	}
	return marshal(&out)
}

// refusal takes a refusal apart: code 0 is none. What is not a refusal is an error still.
func refusal(err error) (code int, text string, rest error) {
	if err == nil {
		return 0, "", nil
	}
	if no, ok := errors.AsType[*Refusal](err); ok {
		return no.Code, no.Text, nil
	}
	if missing, ok := errors.AsType[*protocol.NotFoundError](err); ok {
		return CodeMalformed, missing.Error(), nil
	}
	return 0, "", err
}

// historyPage is how many messages one request for history brings at most (MiraiGo client/group_msg.go asks for 20).
const historyPage = 20

// noHistory is the result for those who are not in the group.
const noHistory = 4

// groupHistory answers MessageSvc.PbGetGroupMsg with what was said between two seqs; what was recalled is missing. Of a
// span that is too long the end is answered.
func (s *Server) groupHistory(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	var in msg.GetGroupMsgReq
	if err := unmarshal(r.Payload, &in); err != nil {
		return nil, err
	}
	g, u := protocol.GroupID(in.GroupCode.Unwrap()), protocol.UserID(r.Uin)
	out := wireHistory{Result: proto.Some(uint32(0)), GroupCode: in.GroupCode, Begin: in.BeginSeq, End: in.EndSeq}
	if _, inside := s.world.Member(g, u); !inside {
		out.Result, out.Error = proto.Some(uint32(noHistory)), proto.Some(fmt.Sprintf("%d is not a member of group %d", u, g))
		return marshal(&out)
	}
	to := min(int64(in.EndSeq.Unwrap()), int64(s.world.LastSeq(g)))
	// MiraiGo counts back from the newest message and may get below zero (client/group_msg.go).
	from := max(int64(in.BeginSeq.Unwrap()), to-historyPage+1, 0)
	if from > to {
		return marshal(&out)
	}
	for _, m := range s.world.GroupMessages(g, uint32(from), uint32(to)) {
		if m.Recalled {
			continue
		}
		wire, err := s.groupWire(m, u)
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, wire)
	}
	return marshal(&out)
}

// withdraw answers PbMessageSvc.PbMsgWithDraw, which takes messages back. Each part has a result of its own; the World
// tells everybody else.
func (s *Server) withdraw(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	var in msg.MsgWithDrawReq
	if err := unmarshal(r.Payload, &in); err != nil {
		return nil, err
	}
	by := protocol.UserID(r.Uin)
	var out msg.MsgWithDrawResp
	for _, part := range in.GroupWithDraw {
		var failed error
		for _, m := range part.MsgList {
			g := protocol.GroupID(part.GroupCode.Unwrap())
			_, err := s.world.RecallGroup(by, g, uint32(m.MsgSeq.Unwrap()), uint32(m.MsgRandom.Unwrap()))
			failed = errors.Join(failed, err)
		}
		code, text, err := recallResult(failed)
		if err != nil {
			return nil, err
		}
		out.GroupWithDraw = append(out.GroupWithDraw, &msg.GroupMsgWithDrawResp{Result: proto.Some(code), ErrMsg: proto.Some(text)})
	}
	for _, part := range in.C2CWithDraw {
		var failed error
		for _, m := range part.MsgInfo {
			peer := protocol.UserID(m.ToUin.Unwrap())
			_, err := s.world.RecallPrivate(by, peer, uint32(m.MsgSeq.Unwrap()), uint32(m.MsgRandom.Unwrap()))
			failed = errors.Join(failed, err)
		}
		code, text, err := recallResult(failed)
		if err != nil {
			return nil, err
		}
		out.C2CWithDraw = append(out.C2CWithDraw, &msg.C2CMsgWithDrawResp{Result: proto.Some(code), ErrMsg: proto.Some(text)})
	}
	return marshal(&out)
}

// recallResult is the result of a recall; "Success" is what QQ and MiraiGo call it (MiraiGo client/recall.go).
func recallResult(err error) (code int32, text string, rest error) {
	n, text, rest := refusal(err)
	if n == 0 {
		text = "Success"
	}
	return int32(n), text, rest
}
