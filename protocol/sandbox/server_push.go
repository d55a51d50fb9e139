package sandbox

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/Mrs4s/MiraiGo/client/pb/notify"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// Numbers of messages and pushes on the wire (MiraiGo client/c2c_switch.go, client/online_push.go).
const (
	groupMessage  = 82
	friendMessage = 166
	friendCommand = 11
	groupNotice   = 732  // 0x2DC
	groupTip      = 0x11 // a notice whose rest is protobuf
	friendNotice  = 528  // 0x210
	friendRecall  = 0x8A
)

// pushBatch is how many changes are taken out of the World at once.
const pushBatch = 256

// pump pushes what happens in the World to the client, from the moment it registers to the end of its session, for one
// session after the other.
func (l *link) pump(ctx context.Context) {
	for {
		var p pushing
		select {
		case p = <-l.begin:
		case <-ctx.Done():
			return
		}
		for at := p.from; l.during(ctx, p.session); {
			changes, next, err := l.server.world.Next(ctx, at, pushBatch)
			if err != nil {
				return
			}
			at = next
			for _, c := range changes {
				if !l.during(ctx, p.session) {
					break
				}
				if err := l.deliver(ctx, c); err != nil {
					l.log.Error().Err(err).Uint64("id", c.Message.ID).Stringer("change", c.Kind).Msg("push change")
				}
			}
			l.notice(ctx)
		}
	}
}

// deliver pushes one change, if it concerns the account. The account's own private messages are none of its business:
// the client that sent them knows, and QQ does not echo them to it.
func (l *link) deliver(ctx context.Context, c Change) error {
	u, m := l.user(), c.Message
	switch {
	case m.Group != 0:
		if _, member := l.server.world.Member(m.Group, u); !member {
			return nil
		}
		if c.Kind == Recalled {
			return l.pushGroupRecall(ctx, m)
		}
		return l.pushGroupMessage(ctx, m)
	case m.To != u || m.From == u:
		return nil
	case c.Kind == Recalled:
		if !l.postRecall(m) {
			return nil
		}
		return l.pushPrivateRecall(ctx, m)
	default:
		l.post(m)
		return nil
	}
}

func (l *link) pushGroupMessage(ctx context.Context, m Message) error {
	wire, err := l.server.groupWire(m, l.user())
	if err != nil {
		return err
	}
	payload, err := marshal(&wirePush{Message: wire})
	if err != nil {
		return err
	}
	l.push(ctx, "OnlinePush.PbPushGroupMsg", payload)
	return nil
}

func (l *link) pushGroupRecall(ctx context.Context, m Message) error {
	b, err := marshal(&notify.NotifyMsgBody{OptMsgRecall: &notify.MessageRecallReminder{
		Uin: int64(m.RecalledBy),
		RecalledMsgList: []*notify.RecalledMessageMeta{{
			Seq: int32(m.Seq), Time: int32(m.Time), MsgRandom: int32(m.Random), AuthorUin: int64(m.From),
		}},
	}})
	if err != nil {
		return err
	}
	vmsg := binary.BigEndian.AppendUint32(nil, uint32(m.Group))
	vmsg = append(vmsg, groupTip, 0, 0)
	l.pushNotice(ctx, groupNotice, m, append(vmsg, b...))
	return nil
}

func (l *link) pushPrivateRecall(ctx context.Context, m Message) error {
	b, err := marshal(&pb.Sub8A{MsgInfo: []*pb.Sub8AMsgInfo{{
		FromUin: int64(m.From), ToUin: int64(m.To), MsgSeq: int32(m.Seq), MsgUid: messageUID(m), MsgTime: m.Time, MsgRandom: int32(m.Random),
	}}})
	if err != nil {
		return err
	}
	var vmsg sso.Writer
	vmsg.Int(0, friendRecall).Bytes(10, b)
	l.pushNotice(ctx, friendNotice, m, append(vmsg.Body(), 0x0B)) // MiraiGo reads on to an end of structure
	return nil
}

// pushNotice pushes one OnlinePush.ReqPush. MiraiGo drops what it has seen within 30 seconds with the same seq, time
// and uid.
func (l *link) pushNotice(ctx context.Context, typ int64, m Message, vmsg []byte) {
	u := l.user()
	now := l.server.unixTime()
	var info, push sso.Writer
	info.Int(0, int64(m.From)).Int(1, now).Int(2, typ).Int(3, int64(m.ID&0x7FFF)).String(4, "").Bytes(6, vmsg).Bytes(8, nil)
	info.Int(10, int64(m.ID)).String(16, "").String(17, "")
	push.Int(0, int64(u)).Int(1, now).Structs(2, []*sso.Writer{&info})
	l.push(ctx, "OnlinePush.ReqPush", sso.Envelope2("OnlinePushPack", "SvcReqPushMsg", "req", "OnlinePushPack.SvcReqPushMsg", &push))
}

// groupWire is a group message as the member to gets it.
func (s *Server) groupWire(m Message, to protocol.UserID) (*wireMessage, error) {
	group, ok := s.world.Group(m.Group)
	if !ok {
		return nil, fmt.Errorf("write message %d: there is no group %d", m.ID, m.Group)
	}
	rich, err := encodeElems(m.Body, func(u protocol.UserID) string { return s.nameIn(m.Group, u) })
	if err != nil {
		return nil, fmt.Errorf("write message %d: %w", m.ID, err)
	}
	rich.Attr = &msg.Attr{Random: proto.Some(int32(m.Random)), Time: proto.Some(int32(m.Time))}
	card := m.Card
	if card == "" {
		card = m.Nickname // MiraiGo takes a card that is the nickname for none, and an empty one for unchanged
	}
	return &wireMessage{
		Head: &msg.MessageHead{
			FromUin: proto.Some(int64(m.From)), ToUin: proto.Some(int64(to)), MsgType: proto.Some(int32(groupMessage)),
			MsgSeq: proto.Some(int32(m.Seq)), MsgTime: proto.Some(int32(m.Time)), MsgUid: proto.Some(messageUID(m)),
			GroupInfo: &msg.GroupInfo{
				GroupCode: proto.Some(int64(m.Group)), GroupName: []byte(group.Name), GroupCard: proto.Some(card),
			},
		},
		Content: wholeMessage(),
		Body:    &wireBody{RichText: rich},
	}, nil
}

// privateWire is a private message as its receiver gets it.
func (s *Server) privateWire(m Message) (*wireMessage, error) {
	rich, err := encodeElems(m.Body, func(u protocol.UserID) string { return s.nameIn(0, u) })
	if err != nil {
		return nil, fmt.Errorf("write message %d: %w", m.ID, err)
	}
	rich.Attr = &msg.Attr{Random: proto.Some(int32(m.Random)), Time: proto.Some(int32(m.Time))}
	return &wireMessage{
		Head: &msg.MessageHead{
			FromUin: proto.Some(int64(m.From)), ToUin: proto.Some(int64(m.To)), MsgType: proto.Some(int32(friendMessage)),
			C2CCmd: proto.Some(int32(friendCommand)), MsgSeq: proto.Some(int32(m.Seq)), MsgTime: proto.Some(int32(m.Time)),
			MsgUid: proto.Some(messageUID(m)), FromNick: proto.Some(m.Nickname),
		},
		Content: wholeMessage(),
		Body:    &wireBody{RichText: rich},
	}, nil
}

// wholeMessage says that a message came in one piece.
func wholeMessage() *msg.ContentHead {
	return &msg.ContentHead{PkgNum: proto.Some(int32(1)), PkgIndex: proto.Some(int32(0)), DivSeq: proto.Some(int32(0))}
}

// messageUID is QQ's number of a message in private chats and recalls (MiraiGo client/recall.go).
func messageUID(m Message) int64 { return 0x0100_0000_0000_0000 | int64(m.Random) }

// nameIn is the name under which u is known in a group, or anywhere with group 0.
func (s *Server) nameIn(g protocol.GroupID, u protocol.UserID) string {
	if member, ok := s.world.Member(g, u); ok && member.Card != "" {
		return member.Card
	}
	user, _ := s.world.Account(u)
	return user.Nickname
}
