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

type busyError struct{ limit int64 }

func (e *busyError) Error() string {
	return fmt.Sprintf("%d actions of this endpoint are still unanswered: wait for answers", e.limit)
}

// notBegunError says that an action's turn did not come, so that nothing was changed.
type notBegunError struct{ cause error }

func (e *notBegunError) Error() string { return "wait for the turn in the chat: " + e.cause.Error() }
func (e *notBegunError) Unwrap() error { return e.cause }

// unrecordedError says that a message was sent and then could not be stored.
type unrecordedError struct{ cause error }

func (e *unrecordedError) Error() string { return "record sent message: " + e.cause.Error() }

// outcomeOf is the one place where errors become retcodes. What it does not know is our own fault: details stay in the
// log, because an error text may hold paths.
func outcomeOf(err error) outcome {
	var (
		frame      *frameError
		param      *paramError
		segment    *message.SegmentError
		unsendable *protocol.UnsendableError
		notFound   *protocol.NotFoundError
		refused    *protocol.RefusedError
		unknown    *unknownActionError
		busy       *busyError
		notBegun   *notBegunError
	)
	switch {
	case errors.As(err, &frame):
		return outcome{retcodeBadRequest, "BAD_FRAME", frame.Error()}
	case errors.As(err, &param):
		return outcome{retcodeBadRequest, "PARAM_" + strings.ToUpper(param.name), param.Error()}
	case errors.As(err, &segment):
		return outcome{retcodeBadRequest, "PARAM_MESSAGE", segment.Error()}
	case errors.As(err, &unsendable):
		return outcome{retcodeBadRequest, "PARAM_MESSAGE", unsendable.Error()}
	case errors.As(err, &notFound):
		return outcome{retcodeNotFound, strings.ToUpper(notFound.Kind) + "_NOT_FOUND", notFound.Error()}
	case errors.As(err, &refused):
		return outcome{retcodeRefused, "REFUSED", refused.Error()}
	case errors.As(err, &unknown):
		return outcome{retcodeUnsupported, "API_NOT_FOUND", unknown.Error()}
	case errors.Is(err, protocol.ErrUnsupported):
		return outcome{retcodeUnsupported, "UNSUPPORTED", protocol.ErrUnsupported.Error()}
	case errors.As(err, &busy):
		return outcome{retcodeBusy, "BUSY", busy.Error()}
	case errors.Is(err, protocol.ErrOffline):
		return outcome{retcodeUnavailable, "OFFLINE", protocol.ErrOffline.Error()}
	case errors.As(err, &notBegun):
		return outcome{retcodeUnavailable, "TIMEOUT", "earlier actions in this chat took too long; nothing was done"}
	case errors.Is(err, protocol.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return outcome{retcodeUnavailable, "TIMEOUT", "QQ did not answer in time; it is not known whether this was done"}
	case errors.As(err, new(*unrecordedError)):
		return outcome{retcodeInternal, "INTERNAL", "the message was sent, but could not be stored; do not send it again"}
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
