package protocol

// Account is the logged-in QQ account.
type Account struct {
	UserID   UserID
	Nickname string
}

// Friend is an entry of the account's friend list.
type Friend struct {
	UserID   UserID
	Nickname string
	Remark   string // the account's own name for the friend
}

// User is a profile card. It can be had of any QQ user.
type User struct {
	UserID    UserID
	Nickname  string
	Sex       Sex
	Age       int    // years, as the profile states
	Level     int    // QQ level
	QID       string // QQ's alphanumeric id card, "" when none is set
	Sign      string // personal signature
	LoginDays int64  // consecutive days of use
	VIPLevel  string // as QQ writes it, such as "svip8"; "" unknown
}

// GroupInfo describes a group. Times are Unix seconds; CreateTime and Level are 0 where only the list entry is known.
type GroupInfo struct {
	GroupID    GroupID
	Name       string
	Memo       string // the group's introduction
	Owner      UserID
	CreateTime int64
	Level      int
	Members    int // how many there are
	MaxMembers int // how many there may be
}

// Member is one user within one group. Times are Unix seconds, 0 unknown.
type Member struct {
	GroupID        GroupID
	UserID         UserID
	Nickname       string
	Card           string
	Sex            Sex
	Age            int
	Area           string
	JoinTime       int64
	LastSpeakTime  int64
	Level          int
	Role           Role
	Title          string
	TitleExpire    int64 // 0 or negative: never
	CardChangeable bool  // the account may change this card
	MuteUntil      int64 // 0 not muted
}
