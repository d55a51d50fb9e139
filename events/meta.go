package events

import (
	"time"

	"echogate/protocol"
)

// Keys in go-cqhttp's order (server/websocket.go).
type lifecycle struct {
	MetaEventType string          `json:"meta_event_type"`
	PostType      string          `json:"post_type"`
	SelfID        protocol.UserID `json:"self_id"`
	SubType       string          `json:"sub_type"`
	Time          int64           `json:"time"`
}

// Keys as in go-cqhttp (coolq/bot.go).
type heartbeat struct {
	PostType      string          `json:"post_type"`
	MetaEventType string          `json:"meta_event_type"`
	Time          int64           `json:"time"`
	SelfID        protocol.UserID `json:"self_id"`
	Interval      int64           `json:"interval"` // milliseconds
	Status        Status          `json:"status"`
}

// Lifecycle encodes the event that opens every connection of an account: lifecycle, sub_type connect.
func Lifecycle(self protocol.UserID, now time.Time) []byte {
	return encode(lifecycle{MetaEventType: "lifecycle", PostType: "meta_event", SelfID: self, SubType: "connect", Time: now.Unix()})
}

// Heartbeat encodes a heartbeat, which announces the next one after interval.
func Heartbeat(self protocol.UserID, now time.Time, interval time.Duration, status Status) []byte {
	return encode(heartbeat{
		PostType: "meta_event", MetaEventType: "heartbeat", Time: now.Unix(), SelfID: self,
		Interval: interval.Milliseconds(), Status: status,
	})
}

// Status is OneBot's status object: in heartbeats, and the data of get_status. The keys are go-cqhttp's.
type Status struct {
	AppInitialized bool       `json:"app_initialized" doc:"always true"`
	AppEnabled     bool       `json:"app_enabled" doc:"always true"`
	PluginsGood    bool       `json:"plugins_good" doc:"always true; go-cqhttp sent null where its page promised true"`
	AppGood        bool       `json:"app_good" doc:"always true"`
	Online         bool       `json:"online" doc:"the account is logged in"`
	Good           bool       `json:"good" doc:"the same as online"`
	Stat           Statistics `json:"stat" doc:"counted since the start of the process"`
}

// Statistics are the counters in [Status], in go-cqhttp's terms.
type Statistics struct {
	PacketReceived  uint64 `json:"packet_received" doc:"packets from QQ"`
	PacketSent      uint64 `json:"packet_sent" doc:"packets to QQ"`
	PacketLost      uint64 `json:"packet_lost" doc:"packets that QQ did not answer"`
	MessageReceived uint64 `json:"message_received" doc:"messages received"`
	MessageSent     uint64 `json:"message_sent" doc:"messages sent"`
	DisconnectTimes uint64 `json:"disconnect_times" doc:"connections to QQ that broke"`
	LostTimes       uint64 `json:"lost_times" doc:"logins that QQ ended"`
	LastMessageTime int64  `json:"last_message_time" doc:"time of the last message in Unix seconds, 0 none yet"`
}

// StatusOf is the status object of a session.
func StatusOf(s protocol.Status) Status {
	return Status{
		AppInitialized: true, AppEnabled: true, PluginsGood: true, AppGood: true,
		Online: s.Online, Good: s.Online,
		Stat: Statistics{
			PacketReceived: s.Stats.PacketReceived, PacketSent: s.Stats.PacketSent, PacketLost: s.Stats.PacketLost,
			MessageReceived: s.Stats.MessageReceived, MessageSent: s.Stats.MessageSent,
			DisconnectTimes: s.Stats.DisconnectTimes, LostTimes: s.Stats.LostTimes, LastMessageTime: s.Stats.LastMessageTime,
		},
	}
}
