package protocol

import (
	"errors"
	"fmt"
)

// Errors that drivers return, for errors.Is. They are turned into OneBot's retcodes in one place, package actions.
var (
	ErrOffline     = errors.New("the account is offline")
	ErrTimeout     = errors.New("QQ did not answer in time")
	ErrUnsupported = errors.New("this QQ client cannot do that")
)

// Kinds of things that can be missing, for [NotFoundError].
const (
	KindFriend  = "friend"
	KindUser    = "user"
	KindGroup   = "group"
	KindMember  = "member"
	KindMessage = "message"
)

// NotFoundError says that something does not exist or is not visible to the account.
type NotFoundError struct {
	Kind string // one of the Kind constants
	ID   int64
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("%s %d does not exist", e.Kind, e.ID) }

// RefusedError is QQ's own refusal.
type RefusedError struct {
	Code int    // QQ's result code
	Text string // QQ's words, "" when it gave none
}

func (e *RefusedError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("QQ refused with code %d", e.Code)
	}
	return fmt.Sprintf("QQ refused with code %d: %s", e.Code, e.Text)
}

// UnsendableError says that a message cannot be sent as it is; nothing was sent.
type UnsendableError struct {
	Segment string // segment type that is the reason, "" when it is the message as a whole
	Reason  string
}

func (e *UnsendableError) Error() string {
	if e.Segment == "" {
		return "message cannot be sent: " + e.Reason
	}
	return fmt.Sprintf("segment %q cannot be sent: %s", e.Segment, e.Reason)
}
