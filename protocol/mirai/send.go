package mirai

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
)

const sendCommand = "MessageSvc.PbSendMsg"

// Send implements [protocol.Messenger].
func (d *Driver) Send(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
	switch to.Kind {
	case protocol.Group:
		return d.sendGroup(ctx, protocol.GroupID(to.ID), body)
	case protocol.Private:
		return d.sendPrivate(ctx, protocol.UserID(to.ID), body)
	default:
		return protocol.Message{}, fmt.Errorf("send to %s: %w", to, protocol.ErrUnsupported)
	}
}

func (d *Driver) sendGroup(ctx context.Context, g protocol.GroupID, body message.Message) (protocol.Message, error) {
	if _, err := d.joinedGroup(ctx, g); err != nil {
		return protocol.Message{}, err
	}
	lists := d.lists.get()
	elements, err := toElements(body, func(u protocol.UserID) string { return lists.name(g, u) })
	if err != nil {
		return protocol.Message{}, err
	}
	sent := d.outgoing(protocol.GroupChat(g), body)
	name := echo{sent.Ref.Chat, sent.Ref.Random}
	echoed := d.echoes.expect(name)
	defer d.echoes.forget(name)
	request := sendRequest(sent.Ref, elements)
	request.RoutingHead = &msg.RoutingHead{Grp: &msg.Grp{GroupCode: proto.Some(int64(g))}}
	request.SyncCookie = []byte{}
	request.MsgVia = proto.Some(int32(1))
	// An answer without an outcome leaves it to the echo to tell.
	if err := d.post(ctx, request); err != nil && !errors.Is(err, errNoOutcome) {
		// An answer that got lost does not mean that the message did.
		if !errors.Is(err, protocol.ErrTimeout) {
			return protocol.Message{}, err
		}
		select {
		case m := <-echoed:
			return confirmed(sent, m), nil
		default:
			return protocol.Message{}, err
		}
	}
	timer := time.NewTimer(d.timing.Echo)
	defer timer.Stop()
	select {
	case m := <-echoed:
		return confirmed(sent, m), nil
	case <-ctx.Done():
		return protocol.Message{}, uncertain(contextError(ctx))
	case <-timer.C:
		return d.searchSent(ctx, g, sent)
	}
}

// confirmed is a sent message with what QQ made of it.
func confirmed(sent, came protocol.Message) protocol.Message {
	sent.Ref, sent.Sender = came.Ref, came.Sender
	return sent
}

// searched is how many of a group's newest messages are looked through for one whose echo did not come.
const searched = 20

// searchSent looks a message up in the group's history by its random. It is then reported as an event, too: its echo
// may never come, and if it does, it is dropped as a double.
func (d *Driver) searchSent(ctx context.Context, g protocol.GroupID, sent protocol.Message) (protocol.Message, error) {
	newest, err := d.LastSeq(ctx, g)
	if err != nil {
		return protocol.Message{}, fmt.Errorf("find sent message: %w: %w", protocol.ErrTimeout, err)
	}
	from := newest - min(newest, searched) + 1
	history, err := d.GroupHistory(ctx, g, from, newest)
	if err != nil {
		return protocol.Message{}, fmt.Errorf("find sent message: %w: %w", protocol.ErrTimeout, err)
	}
	for _, m := range history {
		if m.Self && m.Ref.Random == sent.Ref.Random {
			d.put(said, protocol.Received{Message: m})
			return confirmed(sent, m), nil
		}
	}
	return protocol.Message{}, fmt.Errorf("message to group %d: %w", g, protocol.ErrTimeout)
}

func (d *Driver) sendPrivate(ctx context.Context, u protocol.UserID, body message.Message) (protocol.Message, error) {
	if err := d.friend(ctx, u); err != nil {
		return protocol.Message{}, err
	}
	for _, s := range body {
		if at, ok := s.(message.At); ok && at.All {
			return protocol.Message{}, &protocol.UnsendableError{Segment: "at", Reason: "there is nobody but the friend to mention"}
		}
	}
	elements, err := toElements(body, func(u protocol.UserID) string { return d.lists.nickname(u, "") })
	if err != nil {
		return protocol.Message{}, err
	}
	sent := d.outgoing(protocol.PrivateChat(u), body)
	sent.Ref.Seq = d.seqs.next()
	request := sendRequest(sent.Ref, elements)
	request.RoutingHead = &msg.RoutingHead{C2C: &msg.C2C{ToUin: proto.Some(int64(u))}}
	request.SyncCookie = syncCookie(sent.Ref.Time)
	if err := d.post(ctx, request); err != nil {
		return protocol.Message{}, err
	}
	// QQ does not send it back to the device that it came from.
	d.put(said, protocol.Received{Message: sent})
	return sent, nil
}

// outgoing is the message that is about to be sent.
func (d *Driver) outgoing(to protocol.Chat, body message.Message) protocol.Message {
	self := d.state.get().Self
	return protocol.Message{
		Ref: protocol.Ref{
			Chat: to, Sender: self.UserID, Random: 1 + rand.Uint32N(1<<31-1), Time: time.Now().Unix(), // 0 means any
		},
		Sender: protocol.Sender{UserID: self.UserID, Nickname: self.Nickname},
		Body:   asSent(body),
		Self:   true,
	}
}

func sendRequest(r protocol.Ref, elements []mirai.IMessageElement) *msg.SendMessageRequest {
	seq := r.Seq
	if seq == 0 {
		seq = 1 + rand.Uint32N(1<<16) // a group's seq is the server's to give; this one is only the request's
	}
	return &msg.SendMessageRequest{
		ContentHead: &msg.ContentHead{PkgNum: proto.Some(int32(1)), PkgIndex: proto.Some(int32(0)), DivSeq: proto.Some(int32(0))},
		MsgBody:     &msg.MessageBody{RichText: &msg.RichText{Elems: mirai.ToProtoElems(elements, r.Chat.Kind == protocol.Group)}},
		MsgSeq:      proto.Some(int32(seq)),
		MsgRand:     proto.Some(int32(r.Random)),
	}
}

// post sends the request and reads QQ's result code. MiraiGo's own sending only logs it.
func (d *Driver) post(ctx context.Context, request *msg.SendMessageRequest) error {
	packet, err := proto.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	raw, err := d.request(ctx, sendCommand, packet)
	if err != nil {
		return uncertain(err)
	}
	return judgeSend(raw)
}

func judgeSend(raw []byte) error {
	var answer msg.SendMessageResponse
	if err := proto.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("read answer to message: %w: %w", protocol.ErrTimeout, err)
	}
	if answer.Result.IsNone() {
		return fmt.Errorf("message: %w", errNoOutcome)
	}
	if code := answer.Result.Unwrap(); code != 0 {
		return &protocol.RefusedError{Code: int(code), Text: answer.ErrMsg.Unwrap()}
	}
	return nil
}

// uncertain marks an error after which nobody knows whether QQ did what was asked, be it a message or a recall: the answer
// was not waited for. Such an error is an ErrTimeout, and nothing that promises that nothing was done. Questions only are
// better off with what happened: an ErrOffline where the connection was lost.
func uncertain(err error) error {
	switch {
	case errors.Is(err, protocol.ErrTimeout):
		return err
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", protocol.ErrTimeout, err)
	case errors.Is(err, errLost):
		return fmt.Errorf("%w: the connection was lost", protocol.ErrTimeout)
	default:
		return err
	}
}

// syncCookie is what clients send along with a private message: a time, two numbers of the day and three of the
// client (MiraiGo client/private_msg.go).
func syncCookie(at int64) []byte {
	cookie, err := proto.Marshal(&msg.SyncCookie{
		Time: proto.Some(at), Ran1: proto.Some(rand.Int64()), Ran2: proto.Some(rand.Int64()),
		Const1: proto.Some(rand.Int64()), Const2: proto.Some(rand.Int64()), Const3: proto.Some(int64(0x1d)),
	})
	if err != nil {
		return []byte{}
	}
	return cookie
}
