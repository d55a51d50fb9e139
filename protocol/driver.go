package protocol

import (
	"context"
	"time"

	"echogate/protocol/message"
)

// Driver is one QQ client library, adapted. All methods but Run are safe for concurrent use.
//
// Calls honour their context: they return when it ends, even if the library's own call must be left to finish behind.
// While the account is not logged in, calls return [ErrOffline] at once.
type Driver interface {
	Session
	Directory
	Messenger
}

// Session is the life of one account's login.
type Session interface {
	// Run logs in and keeps the account online, logging in again after every loss, until ctx ends (it then returns nil)
	// or until no stored credential can work any more (it then returns an error that says what to do). It owns every
	// goroutine of the driver and returns after they have ended. It is called once.
	Run(ctx context.Context) error
	// Events is the one stream of events, in order per chat. It is bounded: a receiver that falls behind slows the driver
	// down, and loses nothing. It is closed when Run returns.
	Events() <-chan Event
	// Status tells how the session is at this moment.
	Status() Status
	// Traits describes the driver and the client it plays.
	Traits() Traits
}

// Status is the state of a session.
type Status struct {
	Online bool
	Self   Account   // zero before the first login
	Since  time.Time // of the last change of Online
	Reason string    // why it is offline
	Stats  Statistics
}

// Statistics count since the start of the process, in go-cqhttp's terms.
type Statistics struct {
	PacketReceived  uint64
	PacketSent      uint64
	PacketLost      uint64
	MessageReceived uint64
	MessageSent     uint64
	DisconnectTimes uint64
	LostTimes       uint64 // logins that QQ ended
	LastMessageTime int64  // Unix seconds, 0 none yet
	Reordered       uint64 // messages that came out of order and were put right
	Duplicates      uint64 // messages that came more than once and were dropped
}

// Traits describe a driver.
type Traits struct {
	Name     string // "MiraiGo"
	Version  string // of the library
	Protocol int    // go-cqhttp's number of the QQ client that is played: 1 phone, 2 watch, 3 mac, 5 iPad, 6 pad
}

// Directory reads lists and profiles. With fresh set the server is asked; otherwise an answer known from earlier may
// serve. What does not exist is a [*NotFoundError].
type Directory interface {
	Friends(ctx context.Context, fresh bool) ([]Friend, error)
	User(ctx context.Context, u UserID) (User, error)
	Groups(ctx context.Context, fresh bool) ([]GroupInfo, error)
	Group(ctx context.Context, g GroupID, fresh bool) (GroupInfo, error)
	Members(ctx context.Context, g GroupID, fresh bool) ([]Member, error)
	Member(ctx context.Context, g GroupID, u UserID, fresh bool) (Member, error)
}

// Messenger sends and takes back messages.
type Messenger interface {
	// Send says body in the chat and returns the message as QQ took it: with its seq, random, time and the body as it was
	// really sent. It returns only after QQ confirmed as much as it ever does: a group's echo, a private chat's result
	// code. A refusal is a [*RefusedError], a segment that cannot be sent an [*UnsendableError], a chat that is not there
	// a [*NotFoundError]. On an error nothing was sent, except [ErrTimeout]: then nobody knows.
	//
	// The message also comes as a Received event with Self set, before or after Send returns.
	Send(ctx context.Context, to Chat, body message.Message) (Message, error)
	// Recall takes back the message; QQ allows own messages for two minutes, and others' to group admins.
	Recall(ctx context.Context, r Ref) error
}

// Historian reads what was said in a group earlier. Optional.
type Historian interface {
	// GroupHistory returns the group's messages with from <= Seq <= to in ascending order; recalled and expired ones are
	// missing. At most 20 messages may be asked for at once (MiraiGo client/group_msg.go).
	GroupHistory(ctx context.Context, g GroupID, from, to uint32) ([]Message, error)
	// LastSeq is the Seq of the group's newest message.
	LastSeq(ctx context.Context, g GroupID) (uint32, error)
}
