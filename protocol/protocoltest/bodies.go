package protocoltest

import (
	"reflect"
	"slices"
	"strings"

	"echogate/protocol"
	"echogate/protocol/message"
)

func text(s string) message.Message { return message.Message{message.Text{Text: s}} }

// body is a row of the segment tables.
type body struct {
	name string
	body message.Message
}

// groupBodies are messages as they are sent, seen by the other side and received, all the same.
func groupBodies(s Scene) []body {
	friend := message.At{UserID: int64(s.Friend)}
	return []body{
		{"text", text("hello")},
		{"blank", text(" ")},
		{"lines and signs", text("a\nb\t[CQ:at,qq=1] & <b> \\ \"")},
		{"Chinese and emoji", text("你好，世界 🎉👩‍👩‍👧")},
		{"at", message.Message{friend, message.Text{Text: "look"}}},
		{"at alone", message.Message{friend}},
		{"at before a blank", message.Message{friend, message.Text{Text: " "}, message.Text{Text: "look"}}},
		{"at within a blank", message.Message{message.Text{Text: "see "}, friend, message.Text{Text: " there"}}},
		{"two ats", message.Message{friend, message.At{UserID: int64(s.Plain)}}},
		{"at all", message.Message{message.At{All: true}, message.Text{Text: "all"}}},
		{"old face", message.Message{message.Face{ID: 14}}},
		{"new face", message.Message{message.Text{Text: "x"}, message.Face{ID: 307}, message.Text{Text: "y"}}},
		{"long", text(strings.Repeat("长", 1500))},
	}
}

func privateBodies(s Scene) []body {
	return slices.DeleteFunc(groupBodies(s), func(b body) bool { return strings.Contains(b.name, "at all") })
}

// alike compares bodies in what all sides know: not how a mention is shown, nor what a quote looks like.
func alike(a, b message.Message) bool { return reflect.DeepEqual(bare(a), bare(b)) }

func bare(m message.Message) message.Message {
	out := make(message.Message, 0, len(m))
	for _, s := range m {
		switch s := s.(type) {
		case message.At:
			s.Name = ""
			out = append(out, s)
		case message.Reply:
			out = append(out, message.Reply{Quote: message.Quote{Seq: s.Quote.Seq, Sender: s.Quote.Sender}})
		default:
			out = append(out, s)
		}
	}
	return out
}

// quote is a reply to a message.
func quote(m protocol.Message) message.Reply {
	return message.Reply{Quote: message.Quote{Seq: m.Ref.Seq, Sender: int64(m.Ref.Sender), Time: m.Ref.Time, Body: m.Body}}
}

// find is the message with this ref among the far side's.
func find(all []protocol.Message, r protocol.Ref) (protocol.Message, bool) {
	i := slices.IndexFunc(all, func(m protocol.Message) bool { return same(m.Ref, r) })
	if i < 0 {
		return protocol.Message{}, false
	}
	return all[i], true
}
