package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"echogate/protocol"
	"echogate/protocol/message"
)

// The retcodes of failed answers. Those above 1000 are the WebSocket form of HTTP's (OneBot 11, communication/ws.md);
// 102 and 103 are CQHTTP's.
const (
	retcodeNotFound    = 102
	retcodeRefused     = 103
	retcodeBadRequest  = 1400
	retcodeForbidden   = 1403
	retcodeUnsupported = 1404
	retcodeBusy        = 1429
	retcodeUnavailable = 1503
	retcodeInternal    = 1500
)

// outcome is a failure as the bot sees it.
type outcome struct {
	retcode int
	msg     string // machine code
	wording string // for people
}

// errPanic stands for a panic, whose details are only logged.
var errPanic = errors.New("handler panicked")

// paramError names a parameter that is missing or impossible.
type paramError struct {
	name   string
	reason string // continues the sentence "parameter x ..."
}

func (e *paramError) Error() string { return fmt.Sprintf("parameter %q %s", e.name, e.reason) }

type unknownActionError struct{ name string }

func (e *unknownActionError) Error() string {
	return fmt.Sprintf("there is no action %s", abbreviate(e.name))
}

// busyError says that an endpoint asks for too much at once.
type busyError struct{ reason string }

func (e *busyError) Error() string { return e.reason + ": wait for answers; nothing was done" }

// notBegunError says that an action's turn did not come, so that nothing was changed.
type notBegunError struct {
	doing string // for the log
	why   string // for the bot
	cause error
}

func (e *notBegunError) Error() string { return e.doing + ": " + e.cause.Error() }
func (e *notBegunError) Unwrap() error { return e.cause }

// unrecordedError says that a message was sent and then could not be stored.
type unrecordedError struct{ cause error }

func (e *unrecordedError) Error() string { return "record sent message: " + e.cause.Error() }

// outcomeOf is the one place where errors become retcodes. What it does not know is our own fault: details stay in the
// log, because an error text may hold paths.
func outcomeOf(err error) outcome {
	if e, ok := errors.AsType[*frameError](err); ok {
		return outcome{retcodeBadRequest, "BAD_FRAME", e.Error()}
	}
	if e, ok := errors.AsType[*paramError](err); ok {
		return outcome{retcodeBadRequest, "PARAM_" + strings.ToUpper(e.name), e.Error()}
	}
	if e, ok := errors.AsType[*message.SegmentError](err); ok {
		return outcome{retcodeBadRequest, "PARAM_MESSAGE", e.Error()}
	}
	if e, ok := errors.AsType[*protocol.UnsendableError](err); ok {
		return outcome{retcodeBadRequest, "PARAM_MESSAGE", e.Error()}
	}
	if e, ok := errors.AsType[*protocol.NotFoundError](err); ok {
		return outcome{retcodeNotFound, strings.ToUpper(e.Kind) + "_NOT_FOUND", e.Error()}
	}
	if e, ok := errors.AsType[*protocol.RefusedError](err); ok {
		return outcome{retcodeRefused, "REFUSED", e.Error()}
	}
	if e, ok := errors.AsType[*deniedError](err); ok {
		return outcome{retcodeForbidden, "FORBIDDEN", e.Error()}
	}
	if e, ok := errors.AsType[*unknownActionError](err); ok {
		return outcome{retcodeUnsupported, "API_NOT_FOUND", e.Error()}
	}
	if e, ok := errors.AsType[*busyError](err); ok {
		return outcome{retcodeBusy, "BUSY", e.Error()}
	}
	if e, ok := errors.AsType[*notBegunError](err); ok {
		return outcome{retcodeUnavailable, "TIMEOUT", e.why + " in time; nothing was done"}
	}
	if _, ok := errors.AsType[*unrecordedError](err); ok {
		return outcome{retcodeInternal, "INTERNAL", "the message was sent, but could not be stored; do not send it again"}
	}
	switch {
	case errors.Is(err, protocol.ErrUnsupported):
		return outcome{retcodeUnsupported, "UNSUPPORTED", protocol.ErrUnsupported.Error()}
	case errors.Is(err, protocol.ErrOffline):
		return outcome{retcodeUnavailable, "OFFLINE", protocol.ErrOffline.Error()}
	case errors.Is(err, protocol.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return outcome{retcodeUnavailable, "TIMEOUT", "QQ did not answer in time; what was to be changed may have been changed or not"}
	default:
		return outcome{retcodeInternal, "INTERNAL", "internal error; see the log of echogate"}
	}
}

// isInternal tells whether an error is our own fault, for the log.
func isInternal(err error) bool { return err != nil && outcomeOf(err).retcode == retcodeInternal }

// abbreviate quotes what a bot sent, for an answer that has to stay short.
func abbreviate(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(s[:most], ""))
	}
	return fmt.Sprintf("%q", s)
}
