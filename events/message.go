package events

import (
	"strconv"

	"echogate/protocol"
)

// groupMessage is a message event of a group but for its content. The keys are go-cqhttp's (coolq/converter.go): those of
// OneBot 11, and message_seq.
type groupMessage struct {
	Time        int64            `json:"time"`
	SelfID      protocol.UserID  `json:"self_id"`
	PostType    string           `json:"post_type"`
	MessageType string           `json:"message_type"`
	SubType     string           `json:"sub_type"`
	MessageID   int32            `json:"message_id"`
	MessageSeq  uint32           `json:"message_seq"`
	GroupID     protocol.GroupID `json:"group_id"`
	UserID      protocol.UserID  `json:"user_id"`
	Anonymous   *struct{}        `json:"anonymous"` // always null: anonymous speech is not modelled
	Font        int              `json:"font"`      // always 0
	Sender      groupSender      `json:"sender"`
}

// privateMessage is a message event of a private chat but for its content. The keys are go-cqhttp's (coolq/event.go):
// those of OneBot 11, target_id and temp_source.
type privateMessage struct {
	Time        int64           `json:"time"`
	SelfID      protocol.UserID `json:"self_id"`
	PostType    string          `json:"post_type"`
	MessageType string          `json:"message_type"`
	SubType     string          `json:"sub_type"`
	MessageID   int32           `json:"message_id"`
	UserID      protocol.UserID `json:"user_id"`
	// TargetID is who the message is for. go-cqhttp leaves it out in temporary chats; there it is written only in messages
	// of the account, where nothing else names the peer.
	TargetID   protocol.UserID `json:"target_id,omitempty"`
	TempSource *int            `json:"temp_source,omitempty"` // 0: met in a group (MiraiGo client/c2c_processor.go)
	Font       int             `json:"font"`                  // always 0
	Sender     privateSender   `json:"sender"`
}

// groupSender has every key of OneBot 11's group sender. What QQ does not say with a message has go-cqhttp's constants.
type groupSender struct {
	UserID   protocol.UserID `json:"user_id"`
	Nickname string          `json:"nickname"`
	Card     string          `json:"card"`
	Sex      string          `json:"sex"`
	Age      int             `json:"age"`
	Area     string          `json:"area"`
	Level    string          `json:"level"` // decimal, "" unknown; a number would make NoneBot drop the message
	Role     string          `json:"role"`
	Title    string          `json:"title"`
}

type privateSender struct {
	UserID   protocol.UserID  `json:"user_id"`
	Nickname string           `json:"nickname"`
	Sex      string           `json:"sex"`
	Age      int              `json:"age"`
	GroupID  protocol.GroupID `json:"group_id,omitempty"` // temporary chats: where the two met
}

// Message encodes a message event: post_type message, or message_sent for the account's own. id is the message_id, self
// the account. The sub_type is normal in groups, friend or group (a temporary chat) in private.
func Message(m protocol.Message, id int32, self protocol.UserID) Encoded {
	head := privateHead
	if m.Ref.Chat.Kind == protocol.Group {
		head = groupHead
	}
	return withContent(encode(head(m, id, self)), m)
}

func postType(m protocol.Message) string {
	if m.Self {
		return "message_sent"
	}
	return "message"
}

func groupHead(m protocol.Message, id int32, self protocol.UserID) any {
	level := ""
	if m.Sender.Level > 0 {
		level = strconv.Itoa(m.Sender.Level)
	}
	return groupMessage{
		Time: m.Ref.Time, SelfID: self, PostType: postType(m), MessageType: "group", SubType: "normal",
		MessageID: id, MessageSeq: m.Ref.Seq, GroupID: protocol.GroupID(m.Ref.Chat.ID), UserID: m.Ref.Sender,
		Sender: groupSender{
			UserID: m.Ref.Sender, Nickname: valid(m.Sender.Nickname), Card: valid(m.Sender.Card),
			Sex: protocol.SexUnknown.String(), Level: level, Role: m.Sender.Role.String(), Title: valid(m.Sender.Title),
		},
	}
}

func privateHead(m protocol.Message, id int32, self protocol.UserID) any {
	head := privateMessage{
		Time: m.Ref.Time, SelfID: self, PostType: postType(m), MessageType: "private", SubType: "friend",
		MessageID: id, UserID: m.Ref.Sender, TargetID: self,
		Sender: privateSender{UserID: m.Ref.Sender, Nickname: valid(m.Sender.Nickname), Sex: protocol.SexUnknown.String()},
	}
	if m.Ref.Chat.Kind == protocol.Temp {
		head.SubType, head.TargetID, head.TempSource, head.Sender.GroupID = "group", 0, new(0), m.Ref.Chat.Via
	}
	if m.Self {
		head.TargetID = protocol.UserID(m.Ref.Chat.ID)
	}
	return head
}

// withContent adds raw_message and message to the encoded head. What the two formats have in common is encoded once; a
// CQ string is raw_message and, in the string format, message too.
func withContent(head []byte, m protocol.Message) Encoded {
	cq := encode(valid(m.Body.CQ()))
	common := head[:len(head)-1]
	common = append(common, `,"raw_message":`...)
	common = append(common, cq...)
	common = append(common, `,"message":`...)

	text := make([]byte, 0, len(common)+len(cq)+1)
	text = append(append(text, common...), cq...)
	return Encoded{
		Array:  append(m.Body.AppendJSON(common), '}'),
		String: append(text, '}'),
	}
}
