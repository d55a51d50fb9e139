package sandbox

import (
	"fmt"

	"echogate/protocol"
	"echogate/protocol/message"
)

// Message is one message as the World keeps it.
type Message struct {
	ID     uint64           // counts the messages of the whole world, from 1, in the order in which they were said
	Group  protocol.GroupID // 0: private
	From   protocol.UserID
	To     protocol.UserID // private only
	Seq    uint32          // contiguous in a group; private: the author's own counter
	Random uint32          // never 0
	Time   int64           // Unix seconds
	// Nickname and Card are the author's at that time; Card is "" in private chats.
	Nickname, Card string
	// Body must not be changed. A Reply comes first; its Quote is complete when the quoted message is known, and its ID
	// is the quoted seq, because seqs are what names a message here.
	Body       message.Message
	Recalled   bool
	RecalledBy protocol.UserID
}

// Chat is the conversation as the account u sees it.
func (m Message) Chat(u protocol.UserID) protocol.Chat {
	switch {
	case m.Group != 0:
		return protocol.GroupChat(m.Group)
	case m.From == u:
		return protocol.PrivateChat(m.To)
	default:
		return protocol.PrivateChat(m.From)
	}
}

// MaxTextBytes is how much text one message may hold, in bytes of UTF-8, the shown names of mentions included. It is
// MiraiGo's bound on what it sends (MiraiGo message/message.go, MaxMessageSize); QQ's own is not published.
const MaxTextBytes = 5000

// RecallSeconds is how long an author may take a message back (QQ: two minutes).
const RecallSeconds = 120

// Result codes of [Refusal].
const (
	CodeMuted  = 120  // the author or the whole group is muted (go-cqhttp's users meet it as the result of PbSendMsg)
	CodeRecall = 1001 // there is no message that this account may recall (go-cqhttp issue 1593)

	// QQ's own numbers for these are not published; the sandbox's stand for them.
	CodeNotMember = 110 // the author is not in the group, or there is no such group
	CodeNotFriend = 16  // the two are not friends; sessions between members of one group are not played yet
	CodeTooLong   = 10  // more text than MaxTextBytes
	CodeMalformed = 34  // an empty message, or one with several quotes
)

// Refusal is QQ's "no", with the result code that the client gets. It comes as a *Refusal; nothing was changed.
type Refusal struct {
	Code int    // one of the Code constants
	Text string // for the client and the log
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with code %d: %s", r.Code, r.Text) }

// randomFor is the random of the message with this id where the author's client gave none: scattered over all 32 bits
// as real ones are, without repetition within 2^32 ids, never 0, and the same in every run.
func randomFor(id uint64) uint32 {
	x := uint32(id)
	// Odd factors and xor-shifts are one-to-one on 32 bits (the finalizer of MurmurHash3), and only 0 maps to 0.
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	x ^= x >> 16
	return max(x, 1)
}
