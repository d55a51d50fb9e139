package actions

import (
	"github.com/goccy/go-json"

	"echogate/protocol"
)

// fakeEvents writes the objects in the shape of package events.
type fakeEvents struct{}

func (fakeEvents) Message(m protocol.Message, id int32, self protocol.UserID, f Format) json.RawMessage {
	b, err := json.MarshalWithOption(struct {
		Time        int64     `json:"time"`
		SelfID      int64     `json:"self_id"`
		PostType    string    `json:"post_type"`
		MessageType string    `json:"message_type"`
		SubType     string    `json:"sub_type"`
		MessageID   int32     `json:"message_id"`
		MessageSeq  uint32    `json:"message_seq"`
		GroupID     int64     `json:"group_id"`
		UserID      int64     `json:"user_id"`
		Anonymous   *struct{} `json:"anonymous"`
		Font        int       `json:"font"`
		Sender      sender    `json:"sender"`
		RawMessage  string    `json:"raw_message"`
		Message     formatted `json:"message"`
	}{
		Time: m.Ref.Time, SelfID: int64(self), PostType: "message", MessageType: "group", SubType: "normal",
		MessageID: id, MessageSeq: m.Ref.Seq, GroupID: m.Ref.Chat.ID, UserID: int64(m.Ref.Sender),
		Sender: senderOf(m), RawMessage: m.Body.CQ(), Message: f.message(m.Body),
	}, json.DisableHTMLEscape())
	if err != nil {
		panic(err)
	}
	return b
}

func (fakeEvents) Status(s protocol.Status) any {
	type statistics struct {
		PacketReceived  uint64 `json:"packet_received"`
		PacketSent      uint64 `json:"packet_sent"`
		PacketLost      uint64 `json:"packet_lost"`
		MessageReceived uint64 `json:"message_received"`
		MessageSent     uint64 `json:"message_sent"`
		DisconnectTimes uint64 `json:"disconnect_times"`
		LostTimes       uint64 `json:"lost_times"`
		LastMessageTime int64  `json:"last_message_time"`
	}
	return struct {
		AppInitialized bool       `json:"app_initialized"`
		AppEnabled     bool       `json:"app_enabled"`
		PluginsGood    bool       `json:"plugins_good"`
		AppGood        bool       `json:"app_good"`
		Online         bool       `json:"online"`
		Good           bool       `json:"good"`
		Stat           statistics `json:"stat"`
	}{
		true, true, true, true, s.Online, s.Online,
		statistics{
			s.Stats.PacketReceived, s.Stats.PacketSent, s.Stats.PacketLost, s.Stats.MessageReceived, s.Stats.MessageSent,
			s.Stats.DisconnectTimes, s.Stats.LostTimes, s.Stats.LastMessageTime,
		},
	}
}
