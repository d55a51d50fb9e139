package events

import (
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

const self protocol.UserID = 10000

func groupSaid() protocol.Message {
	return protocol.Message{
		Ref: protocol.Ref{Chat: protocol.GroupChat(100), Sender: 10001, Seq: 4321, Random: 99, Time: 1_700_000_000},
		Sender: protocol.Sender{
			UserID: 10001, Nickname: "Alice", Card: "A & <b>", Role: protocol.RoleAdmin, Title: "Captain", Level: 7,
		},
		Body: message.Message{
			message.Reply{ID: 41, Quote: message.Quote{Seq: 4320, Sender: 10002}},
			message.At{UserID: 10000, Name: "not written"},
			message.Text{Text: " [hi], \"你好\" & <bye>\n"},
			message.Face{ID: 14},
			message.At{All: true},
			message.Unknown{Kind: "image", Data: []message.Field{{Key: "file", Value: "a,b.image"}, {Key: "url", Value: "https://x/?a=1&b=2"}}},
		},
	}
}

func privateSaid() protocol.Message {
	return protocol.Message{
		Ref:    protocol.Ref{Chat: protocol.PrivateChat(10002), Sender: 10002, Seq: 12, Random: 5, Time: 1_700_000_001},
		Sender: protocol.Sender{UserID: 10002, Nickname: "Bob"},
		Body:   message.Message{message.Text{Text: "ping"}},
	}
}

func tempSaid() protocol.Message {
	m := privateSaid()
	m.Ref.Chat = protocol.Chat{Kind: protocol.Temp, ID: 10002, Via: 100}
	return m
}

// own is m as if the account had said it.
func own(m protocol.Message) protocol.Message {
	m.Self = true
	m.Ref.Sender, m.Sender.UserID, m.Sender.Nickname = self, self, "Echo"
	return m
}

func bare() protocol.Message {
	return protocol.Message{Ref: protocol.Ref{Chat: protocol.GroupChat(100), Sender: 10003, Seq: 1, Time: 1}, Sender: protocol.Sender{UserID: 10003}}
}

func groupRecalled() protocol.Recalled {
	return protocol.Recalled{Ref: groupSaid().Ref, Operator: 10009, Time: 1_700_000_100}
}

func friendRecalled() protocol.Recalled {
	return protocol.Recalled{Ref: privateSaid().Ref, Operator: 10002, Time: 1_700_000_101}
}

func busy() protocol.Status {
	return protocol.Status{
		Online: true, Self: protocol.Account{UserID: self, Nickname: "Echo"},
		Stats: protocol.Statistics{
			PacketReceived: 1, PacketSent: 2, PacketLost: 3, MessageReceived: 4, MessageSent: 5, DisconnectTimes: 6, LostTimes: 7,
			LastMessageTime: 1_700_000_008, Reordered: 9, Duplicates: 10,
		},
	}
}

// samples are all kinds of events by name.
func samples() map[string]Encoded {
	now := time.Unix(1_700_000_200, 999_999_999)
	meta := func(b []byte) Encoded { return Encoded{Array: b, String: b} }
	return map[string]Encoded{
		"message_group":        Message(groupSaid(), 42, self),
		"message_group_bare":   Message(bare(), 1, self),
		"message_private":      Message(privateSaid(), 43, self),
		"message_temp":         Message(tempSaid(), 44, self),
		"message_sent_group":   Message(own(groupSaid()), 45, self),
		"message_sent_private": Message(own(privateSaid()), 46, self),
		"message_sent_temp":    Message(own(tempSaid()), 47, self),
		"group_recall":         Recall(groupRecalled(), 42, self),
		"friend_recall":        Recall(friendRecalled(), 43, self),
		"lifecycle":            meta(Lifecycle(self, now)),
		"heartbeat":            meta(Heartbeat(self, now, 5*time.Second, StatusOf(busy()))),
		"heartbeat_offline":    meta(Heartbeat(self, now, 1500*time.Millisecond, StatusOf(protocol.Status{}))),
	}
}
