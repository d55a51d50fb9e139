package protocol

import (
	"fmt"

	"echogate/protocol/message"
)

// UserID is a QQ number, which QQ also calls uin.
type UserID int64

// GroupID is the number of a group that people see, which QQ calls group code. QQ's internal group uin stays inside
// the drivers.
type GroupID int64

// ChatKind tells what the other end of a chat is.
type ChatKind uint8

// The kinds of chats. Their numbers are stored by protocol/history and must not change.
const (
	Private ChatKind = 1 // a friend
	Group   ChatKind = 2
	Temp    ChatKind = 3 // a stranger met in a group: Chat.Via
)

func (k ChatKind) String() string {
	switch k {
	case Private:
		return "private"
	case Group:
		return "group"
	case Temp:
		return "temp"
	default:
		return fmt.Sprintf("ChatKind(%d)", uint8(k))
	}
}

// Chat is one conversation of the account. It is comparable and serves as a map key.
type Chat struct {
	Kind ChatKind
	ID   int64   // the peer's UserID, or the GroupID
	Via  GroupID // Temp only: the group both are in
}

// PrivateChat is the conversation with a friend.
func PrivateChat(u UserID) Chat { return Chat{Kind: Private, ID: int64(u)} }

// GroupChat is the conversation of a group.
func GroupChat(g GroupID) Chat { return Chat{Kind: Group, ID: int64(g)} }

func (c Chat) String() string { return fmt.Sprintf("%s %d", c.Kind, c.ID) }

// Ref names one message as QQ does. Chat, Sender, Seq and Random together are unique; Time is not part of the identity,
// because a sender's clock and the server's differ.
type Ref struct {
	Chat   Chat
	Sender UserID
	// Seq counts a group's messages without gaps as the server numbers them. In private chats it is the sending client's
	// own counter: two directions of one chat are not comparable.
	Seq    uint32
	Random uint32 // chosen by the sending client; 0 in a lookup means any
	Time   int64  // Unix seconds
}

// Role is a member's rank in a group.
type Role uint8

// Roles of group members.
const (
	RoleMember Role = iota
	RoleAdmin
	RoleOwner
)

// String is OneBot's word for the role.
func (r Role) String() string {
	switch r {
	case RoleOwner:
		return "owner"
	case RoleAdmin:
		return "admin"
	default:
		return "member"
	}
}

// Sex as QQ profiles state it.
type Sex uint8

// The sexes that QQ knows.
const (
	SexUnknown Sex = iota
	Male
	Female
)

// String is OneBot's word for the sex.
func (s Sex) String() string {
	switch s {
	case Male:
		return "male"
	case Female:
		return "female"
	default:
		return "unknown"
	}
}

// Sender is what is known of a message's author at the time of the message. Only UserID is always set.
type Sender struct {
	UserID   UserID
	Nickname string
	Card     string // name within the group, "" when none is set
	Role     Role   // groups only
	Title    string // special title in the group
	Level    int    // level in the group, 0 unknown
}

// Message is one chat message, the account's own included.
type Message struct {
	Ref    Ref
	Sender Sender
	Body   message.Message
	Self   bool // sent by the logged-in account, from here or from another device
}
