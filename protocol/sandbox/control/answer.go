package control

import (
	"errors"
	"fmt"
	"net/http"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// callError is a failed call: an HTTP status and what to tell the caller.
type callError struct {
	status int
	text   string
}

func (e *callError) Error() string { return e.text }

func failf(status int, format string, args ...any) error {
	return &callError{status: status, text: fmt.Sprintf(format, args...)}
}

func badf(format string, args ...any) error {
	return failf(http.StatusBadRequest, format, args...)
}

type failure struct {
	Error string `json:"error"`
	Code  int    `json:"code,omitempty"` // QQ's result code of a refusal
}

// describe is the one place where errors become answers.
func describe(err error) (int, failure) {
	if refusal, ok := errors.AsType[*sandbox.Refusal](err); ok {
		return http.StatusForbidden, failure{Error: refusal.Text, Code: refusal.Code}
	}
	status := http.StatusInternalServerError
	if call, ok := errors.AsType[*callError](err); ok {
		status = call.status
	} else if _, ok := errors.AsType[*protocol.NotFoundError](err); ok {
		status = http.StatusNotFound
	} else if _, ok := errors.AsType[*message.SegmentError](err); ok {
		status = http.StatusBadRequest
	}
	return status, failure{Error: err.Error()}
}
