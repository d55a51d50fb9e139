package message

import "strings"

// Message is the content of one chat message in reading order.
type Message []Segment

// Segment is one part of a message. The set of implementations is closed: Text, At, Face, Reply and Unknown.
type Segment interface {
	// Type is OneBot's segment type, such as "text".
	Type() string
	// fields are the OneBot data members in the order in which they are written.
	fields() []Field
}

// Field is one data member of a segment. OneBot writes all values as strings.
type Field struct{ Key, Value string }

// Text is plain text, unescaped.
type Text struct{ Text string }

// At mentions a member of the group, or everybody.
type At struct {
	UserID int64  // QQ number; 0 when All is set
	All    bool   // @everyone; OneBot writes it as qq=all
	Name   string // what to show after the @ when sending; "" lets the driver choose. Not written in events
}

// Face is one of QQ's built-in emoticons.
type Face struct{ ID int }

// Reply quotes an earlier message of the same chat. A message holds at most one and it comes first.
type Reply struct {
	ID    int32 // OneBot message id; 0 while unknown
	Quote Quote // the quoted message as QQ names it
}

// Quote names a quoted message in QQ's own terms, and carries what the quoting client shows of it.
type Quote struct {
	Seq    uint32  // the message's seq in its chat
	Sender int64   // QQ number of its author
	Time   int64   // Unix seconds
	Body   Message // content shown in the quote box; may be shortened by QQ
}

// Unknown is a segment that this program does not model: every member is kept as it was written, in order.
// Drivers refuse to send it, naming Kind.
type Unknown struct {
	Kind string
	Data []Field
}

// Type is "text".
func (Text) Type() string { return "text" }

// Type is "at".
func (At) Type() string { return "at" }

// Type is "face".
func (Face) Type() string { return "face" }

// Type is "reply".
func (Reply) Type() string { return "reply" }

// Type is the type that is not modelled.
func (u Unknown) Type() string { return u.Kind }

// PlainText joins the text segments and leaves the others out: what a log line or a command parser wants.
func (m Message) PlainText() string {
	var b strings.Builder
	for _, s := range m {
		if t, ok := s.(Text); ok {
			b.WriteString(t.Text)
		}
	}
	return b.String()
}

// Reply returns the message's quote, if it has one.
func (m Message) Reply() (Reply, bool) {
	for _, s := range m {
		if r, ok := s.(Reply); ok {
			return r, true
		}
	}
	return Reply{}, false
}
