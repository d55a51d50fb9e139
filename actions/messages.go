package actions

import (
	"context"
	"fmt"
	"strconv"

	"github.com/goccy/go-json"

	"echogate/protocol"
	"echogate/protocol/message"
)

// formatted is a message as the endpoint wants it: the JSON of an array of segments or of a CQ string.
type formatted json.RawMessage

// MarshalJSON returns the JSON as it is.
func (f formatted) MarshalJSON() ([]byte, error) { return f, nil }

func (f Format) message(m message.Message) formatted {
	if f == String {
		return quoted(m.CQ())
	}
	return m.AppendJSON(nil)
}

type messageParams struct {
	MessageID int32 `param:"message_id" alias:"id" doc:"id of the message"`

	target protocol.Message // found by deleteMsg
}

func deleteMsg() declaration {
	return action[messageParams, none]{
		name:  "delete_msg",
		doc:   "Recalls a message.",
		notes: "QQ lets a user recall own messages for two minutes, and a group's admins recall those of members.",
		find: func(ctx context.Context, c *caller, p *messageParams) (chat protocol.Chat, err error) {
			p.target, err = c.History.Get(ctx, p.MessageID)
			return laneOf(p.target.Ref.Chat), err
		},
		run: func(ctx context.Context, c *caller, p *messageParams) (none, error) {
			if err := c.Driver.Recall(ctx, p.target.Ref); err != nil {
				return nil, fmt.Errorf("recall message %d: %w", p.MessageID, err)
			}
			return nil, nil
		},
		example: example{params: `{"message_id":7}`, data: `null`},
	}
}

// storedMessage has the members of go-cqhttp's get_msg and those of its documentation.
type storedMessage struct {
	MessageID   int32            `json:"message_id" doc:"id of the message"`
	RealID      uint32           `json:"real_id" doc:"QQ's own number of the message in its chat"`
	MessageSeq  uint32           `json:"message_seq" doc:"the same as real_id; get_group_msg_history takes it"`
	MessageType string           `json:"message_type" doc:"private or group"`
	Group       bool             `json:"group" doc:"whether it was said in a group"`
	GroupID     protocol.GroupID `json:"group_id,omitempty" doc:"the group, if it was said in one"`
	UserID      protocol.UserID  `json:"user_id" doc:"the author"`
	Sender      sender           `json:"sender" doc:"the author, as known when it was said"`
	Time        int64            `json:"time" doc:"Unix seconds"`
	Message     formatted        `json:"message" doc:"the message in the endpoint's format"`
	RawMessage  string           `json:"raw_message" doc:"the message as a CQ string"`
}

// sender is a message's author with all keys that events have; what QQ does not tell is "unknown", 0 or "".
type sender struct {
	UserID   protocol.UserID `json:"user_id" doc:"QQ number"`
	Nickname string          `json:"nickname" doc:"name"`
	Sex      string          `json:"sex" doc:"always unknown here"`
	Age      int             `json:"age" doc:"always 0 here"`
	Card     *string         `json:"card,omitempty" doc:"name in the group; groups only"`
	Area     *string         `json:"area,omitempty" doc:"always empty here; groups only"`
	Level    *string         `json:"level,omitempty" doc:"level in the group, empty if unknown; groups only"`
	Role     *string         `json:"role,omitempty" doc:"owner, admin or member; groups only"`
	Title    *string         `json:"title,omitempty" doc:"special title; groups only"`
}

func senderOf(m protocol.Message) sender {
	s := sender{UserID: m.Ref.Sender, Nickname: m.Sender.Nickname, Sex: protocol.SexUnknown.String()}
	if m.Ref.Chat.Kind != protocol.Group {
		return s
	}
	level := ""
	if m.Sender.Level > 0 {
		level = strconv.Itoa(m.Sender.Level)
	}
	s.Card, s.Title, s.Role = &m.Sender.Card, &m.Sender.Title, new(m.Sender.Role.String())
	s.Level, s.Area = &level, new("")
	return s
}

func getMsg() declaration {
	return action[messageParams, storedMessage]{
		name:  "get_msg",
		doc:   "Returns a message that was received or sent, also after a restart.",
		notes: "Of a message that is only known because somebody quoted or recalled it, names may be empty and the content shortened.",
		reads: true,
		run: func(ctx context.Context, c *caller, p *messageParams) (storedMessage, error) {
			m, err := c.History.Get(ctx, p.MessageID)
			if err != nil {
				return storedMessage{}, err
			}
			s := storedMessage{
				MessageID:   p.MessageID,
				RealID:      m.Ref.Seq,
				MessageSeq:  m.Ref.Seq,
				MessageType: "private",
				UserID:      m.Ref.Sender,
				Sender:      senderOf(m),
				Time:        m.Ref.Time,
				Message:     c.format.message(m.Body),
				RawMessage:  m.Body.CQ(),
			}
			if m.Ref.Chat.Kind == protocol.Group {
				s.MessageType, s.Group, s.GroupID = "group", true, protocol.GroupID(m.Ref.Chat.ID)
			}
			return s, nil
		},
		example: example{
			params: `{"message_id":7}`,
			data: `{"message_id":7,"real_id":1201,"message_seq":1201,"message_type":"group","group":true,"group_id":30003,"user_id":20002,` +
				`"sender":{"user_id":20002,"nickname":"Ann","sex":"unknown","age":0,` +
				`"card":"Ann of Tea","area":"","level":"12","role":"owner","title":"Host"},` +
				`"time":1700000000,"message":[{"type":"text","data":{"text":"is there tea?"}}],"raw_message":"is there tea?"}`,
		},
	}
}
