package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

// outgoing is a message to send.
type outgoing struct {
	Message    rawJSON `param:"message" doc:"what to say: a CQ string, an array of segments, or one segment"`
	AutoEscape bool    `param:"auto_escape" default:"false" doc:"take a string as plain text, not as CQ codes"`
}

type sent struct {
	MessageID int32 `json:"message_id" doc:"id of the new message, the same as in its message_sent event"`
}

// Both facts hold for all sending actions.
const sendNotes = "The answer comes after QQ has confirmed the message as far as it ever does. " +
	"Of several reply segments the first counts, and it is moved to the front, as in go-cqhttp; " +
	"the quoted message must be of the same chat."

type sendPrivateParams struct {
	UserID  protocol.UserID  `param:"user_id" doc:"whom to write to"`
	GroupID protocol.GroupID `param:"group_id" optional:"true" doc:"a group shared with somebody who is no friend: opens a temporary session through it"`
	outgoing
}

func sendPrivateMsg() declaration {
	return action[sendPrivateParams, sent]{
		name:  "send_private_msg",
		doc:   "Sends a private message.",
		notes: sendNotes,
		sends: true,
		chat:  func(p *sendPrivateParams) protocol.Chat { return protocol.PrivateChat(p.UserID) },
		run: func(ctx context.Context, c *caller, p *sendPrivateParams) (sent, error) {
			return c.sendPrivate(ctx, p.UserID, p.GroupID, p.outgoing)
		},
		example: example{
			params: `{"user_id":20002,"message":"tea?"}`,
			data:   `{"message_id":101}`,
		},
	}
}

type sendGroupParams struct {
	groupParams
	outgoing
}

func sendGroupMsg() declaration {
	return action[sendGroupParams, sent]{
		name:  "send_group_msg",
		doc:   "Sends a message to a group.",
		notes: sendNotes,
		sends: true,
		chat:  func(p *sendGroupParams) protocol.Chat { return protocol.GroupChat(p.GroupID) },
		run: func(ctx context.Context, c *caller, p *sendGroupParams) (sent, error) {
			return c.send(ctx, protocol.GroupChat(p.GroupID), p.outgoing)
		},
		example: example{
			params: `{"group_id":30003,"message":[{"type":"reply","data":{"id":"7"}},{"type":"text","data":{"text":"tea is ready"}}]}`,
			data:   `{"message_id":101}`,
		},
	}
}

type sendParams struct {
	MessageType string           `param:"message_type" default:"\"\"" doc:"private or group; if missing, the ids decide, user_id before group_id"`
	UserID      protocol.UserID  `param:"user_id" optional:"true" doc:"whom to write to in private"`
	GroupID     protocol.GroupID `param:"group_id" optional:"true" doc:"the group; with user_id, the one to open a temporary session through"`
	outgoing
}

// check decides the type as go-cqhttp does, but names what is missing instead of answering an empty object.
func (p *sendParams) check() error {
	if p.MessageType == "" {
		switch {
		case p.UserID != 0:
			p.MessageType = "private"
		case p.GroupID != 0:
			p.MessageType = "group"
		}
	}
	switch p.MessageType {
	case "private":
		if p.UserID == 0 {
			return &paramError{name: "user_id", reason: "is missing: whom to write to in private"}
		}
	case "group":
		if p.GroupID == 0 {
			return &paramError{name: "group_id", reason: "is missing: the group to write to"}
		}
	case "":
		return &paramError{name: "user_id", reason: "is missing, and so is group_id: nobody to send to"}
	default:
		return &paramError{name: "message_type", reason: "needs private or group, got " + abbreviate(p.MessageType)}
	}
	return nil
}

func sendMsg() declaration {
	return action[sendParams, sent]{
		name:  "send_msg",
		doc:   "Sends a private message or a message to a group.",
		notes: sendNotes,
		sends: true,
		chat: func(p *sendParams) protocol.Chat {
			if p.MessageType == "group" {
				return protocol.GroupChat(p.GroupID)
			}
			return protocol.PrivateChat(p.UserID)
		},
		run: func(ctx context.Context, c *caller, p *sendParams) (sent, error) {
			if p.MessageType == "group" {
				return c.send(ctx, protocol.GroupChat(p.GroupID), p.outgoing)
			}
			return c.sendPrivate(ctx, p.UserID, p.GroupID, p.outgoing)
		},
		example: example{
			params: `{"message_type":"group","group_id":"30003","message":"hello [CQ:at,qq=20002]"}`,
			data:   `{"message_id":101}`,
		},
	}
}

// sendPrivate finds the way to the user: friends directly, others through a group if one is given.
func (c *caller) sendPrivate(ctx context.Context, user protocol.UserID, via protocol.GroupID, o outgoing) (sent, error) {
	chat := protocol.PrivateChat(user)
	if via != 0 {
		friends, err := c.Driver.Friends(ctx, false)
		if err != nil {
			return sent{}, fmt.Errorf("look up friend %d: %w", user, err)
		}
		if !slices.ContainsFunc(friends, func(f protocol.Friend) bool { return f.UserID == user }) {
			chat = protocol.Chat{Kind: protocol.Temp, ID: int64(user), Via: via}
		}
	}
	return c.send(ctx, chat, o)
}

// recordTimeout bounds the storing of a message that QQ has taken, which must not fail only because sending was slow.
const recordTimeout = 3 * time.Second

func (c *caller) send(ctx context.Context, chat protocol.Chat, o outgoing) (sent, error) {
	body, err := message.Parse(o.Message, o.AutoEscape)
	if err != nil {
		if _, ok := errors.AsType[*message.SegmentError](err); ok {
			return sent{}, err
		}
		return sent{}, &paramError{name: "message", reason: "is not a message: " + err.Error()}
	}
	if isEmpty(body) {
		return sent{}, &paramError{name: "message", reason: "is empty"}
	}
	if body, err = c.quote(ctx, chat, body); err != nil {
		return sent{}, err
	}
	m, err := c.Driver.Send(ctx, chat, body)
	if err != nil {
		return sent{}, fmt.Errorf("send to %v: %w", chat, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	ids, err := c.History.Record(ctx, []protocol.Message{m})
	if err != nil {
		return sent{}, &unrecordedError{cause: err}
	}
	return sent{MessageID: ids[0]}, nil
}

// isEmpty tells whether there is nothing to say. It builds no string, because a segment may hold a picture.
func isEmpty(body message.Message) bool {
	return !slices.ContainsFunc(body, func(s message.Segment) bool { return s != message.Text{} })
}

// quote completes the message's reply with what QQ needs to know of the quoted message, and puts it first.
func (c *caller) quote(ctx context.Context, chat protocol.Chat, body message.Message) (message.Message, error) {
	reply, ok := body.Reply()
	if !ok {
		return body, nil
	}
	quoted, err := c.History.Get(ctx, reply.ID)
	if err != nil {
		return nil, fmt.Errorf("look up quoted message: %w", err)
	}
	if laneOf(quoted.Ref.Chat) != laneOf(chat) {
		return nil, &paramError{name: "message", reason: fmt.Sprintf("quotes message %d, which is of another chat: %v", reply.ID, quoted.Ref.Chat)}
	}
	reply.Quote = message.Quote{
		Seq:    quoted.Ref.Seq,
		Sender: int64(quoted.Ref.Sender),
		Time:   quoted.Ref.Time,
		Body:   quoted.Body,
	}
	rest := slices.DeleteFunc(slices.Clone(body), func(s message.Segment) bool { return s.Type() == reply.Type() })
	return append(message.Message{reply}, rest...), nil
}

// laneOf is the chat under which actions on c take turns: one for all ways to the same person.
func laneOf(c protocol.Chat) protocol.Chat {
	if c.Kind == protocol.Temp {
		return protocol.PrivateChat(protocol.UserID(c.ID))
	}
	return c
}
