package events

import (
	"encoding/json"
	"errors"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

// FuzzMessage: whatever a driver hands out becomes an event that frameworks accept, and both formats say the same.
func FuzzMessage(f *testing.F) {
	f.Add("text", "name", "image", "file", "a.image", uint8(2), int64(100), int64(10001), uint32(1), int64(1), 7, false)
	f.Add("\xff\"\\\u2028<&>", "\x00", "", "echo", "\xc3\x28", uint8(1), int64(-1), int64(0), uint32(4294967295), int64(-5), -1, true)
	f.Add("[CQ:at,qq=all]", "名", "at", "qq", "x", uint8(3), int64(1)<<62, int64(1)<<40, uint32(0), int64(0), 0, true)
	f.Fuzz(func(t *testing.T, text, name, kind, key, value string, chat uint8, peer, sender int64, seq uint32, id int64, level int, isOwn bool) {
		m := protocol.Message{
			Ref: protocol.Ref{
				Chat:   protocol.Chat{Kind: protocol.ChatKind(1 + chat%3), ID: peer, Via: protocol.GroupID(id)},
				Sender: protocol.UserID(sender), Seq: seq, Time: id,
			},
			Sender: protocol.Sender{Nickname: name, Card: name, Title: text, Level: level, Role: protocol.Role(chat)},
			Body: message.Message{
				message.Reply{ID: int32(id)},
				message.At{UserID: sender},
				message.At{All: true},
				message.Text{Text: text},
				message.Face{ID: level},
				message.Unknown{Kind: kind, Data: []message.Field{{Key: key, Value: value}, {Key: key, Value: text}}},
			},
			Self: isOwn,
		}
		e := Message(m, int32(id), protocol.UserID(peer))
		for _, raw := range [][]byte{e.Array, e.String} {
			if err := checkEvent(raw); err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
		}
		var array, str published
		if err := errors.Join(json.Unmarshal(e.Array, &array), json.Unmarshal(e.String, &str)); err != nil {
			t.Fatal(err)
		}
		var content string
		if err := json.Unmarshal(str.Message, &content); err != nil {
			t.Fatal(err)
		}
		if array.RawMessage != str.RawMessage || content != str.RawMessage {
			t.Fatalf("the formats differ:\n%s\n%s", e.Array, e.String)
		}
	})
}
