package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"nhooyr.io/websocket"
)

// Why a connection was given up by us.
var (
	errDialTimeout      = errors.New("no TCP connection within dial_timeout")
	errHandshakeTimeout = errors.New("no WebSocket handshake within handshake_timeout")
	errPongTimeout      = errors.New("no pong and no other sign of life within pong_timeout")
	errWriteTimeout     = errors.New("no progress of a write within write_timeout")
)

// statusError is a handshake answered with anything but a WebSocket.
type statusError struct {
	code     int
	location string // of a redirect
}

func (e *statusError) Error() string {
	return fmt.Sprintf("handshake answered with HTTP %d %s", e.code, http.StatusText(e.code))
}

// trouble is why a connection could not be made or has ended, for people.
type trouble struct {
	kind    string // the same for every retry that fails in the same way; one log line is written for each change
	text    string
	refused bool // the far side is there and does not want us; it needs a change of something, so retry more slowly
}

// diagnose turns the error of a dial, or of a link (up), into a trouble. settled tells whether that link ever worked.
func diagnose(err error, up, settled bool) trouble {
	if se, ok := errors.AsType[*statusError](err); ok {
		return diagnoseStatus(se)
	}
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		return diagnoseClose(ce, settled)
	}
	if up {
		return diagnoseLink(err, settled)
	}
	return diagnoseDial(err)
}

func diagnoseStatus(e *statusError) trouble {
	t := trouble{kind: fmt.Sprintf("http %d", e.code), text: e.Error() + ": ", refused: e.code < 500}
	switch {
	case e.code == http.StatusUnauthorized:
		t.text += "check access_token"
	case e.code == http.StatusForbidden:
		t.text += "check access_token, the path of the address and the account; " +
			"NoneBot also answers so while it has an older connection of this account, which ends within a minute"
	case e.code == http.StatusNotFound, e.code == http.StatusMethodNotAllowed:
		t.text += "check the path of the address"
	case e.code >= 300 && e.code < 400:
		t.text += "redirects are not followed; the server points to " + masked(e.location)
	case e.code >= 500:
		t.text += "the server, or a proxy before it, is not ready"
	default:
		t.text += "check that the address is a bot framework's reverse WebSocket (OneBot v11), and whether it wants wss://"
	}
	return t
}

func diagnoseClose(e websocket.CloseError, settled bool) trouble {
	t := trouble{kind: fmt.Sprintf("close %d", e.Code), text: fmt.Sprintf("closed by the far side with %d %q", e.Code, e.Reason)}
	switch {
	case e.Code == websocket.StatusPolicyViolation, e.Code >= 3000:
		t.refused = true
		t.text += ": check that this account is configured there, and access_token"
	case e.Code == websocket.StatusMessageTooBig:
		t.text += ": it accepts no frame of this size; raise its limit (uvicorn: ws_max_size)"
	case !settled && (e.Code == websocket.StatusNoStatusRcvd || e.Code == websocket.StatusNormalClosure):
		t.refused = true
		t.text += " right after the handshake: check the path of the address; Koishi does so for a path that no bot of it has"
	}
	return t
}

func diagnoseLink(err error, settled bool) trouble {
	switch {
	case errors.Is(err, errPongTimeout):
		return trouble{kind: "silent", text: err.Error()}
	case errors.Is(err, errWriteTimeout):
		return trouble{kind: "stuck", text: err.Error() + ": the far side does not read"}
	case errors.Is(err, context.DeadlineExceeded): // from the library, which gives a pong 5 s to get out
		return trouble{kind: "stuck", text: "a ping of the far side could not be answered: it does not read"}
	case !settled:
		return trouble{kind: "dropped", text: "connection ended right after the handshake: " + root(err)}
	default:
		return trouble{kind: "lost", text: "connection lost: " + root(err)}
	}
}

func diagnoseDial(err error) trouble {
	if pe, ok := errors.AsType[*proxyError](err); ok {
		return diagnoseProxy(pe)
	}
	if fe, ok := errors.AsType[*fileError](err); ok {
		return trouble{"file " + fe.key, fe.Error(), true}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return trouble{"certificate", "certificate not accepted: " + root(err) + ": check tls.ca and tls.server_name", true}
	}
	if oe, ok := errors.AsType[*net.OpError](err); ok && oe.Op == "remote error" { // crypto/tls: an alert came
		return trouble{"tls", "TLS refused: " + root(err) + ": check tls.cert and tls.key", true}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return trouble{"tls", "the server does not speak TLS: use a ws:// address", true}
	}
	if de, ok := errors.AsType[*net.DNSError](err); ok {
		return trouble{"dns", fmt.Sprintf("name %q cannot be resolved: %s", de.Name, de.Err), false}
	}
	switch {
	case errors.Is(err, errDialTimeout), errors.Is(err, errHandshakeTimeout):
		return trouble{"timeout", err.Error(), false}
	case errors.Is(err, syscall.ECONNREFUSED):
		return trouble{"unreachable", "connection refused: nothing listens there; check that the framework runs, host and port", false}
	case errors.Is(err, fs.ErrNotExist):
		return trouble{"unreachable", "no socket of that path: check that the framework runs, and the path", false}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return trouble{"handshake", "the server hung up during the handshake: " + root(err) + "; perhaps it wants wss://", false}
	}
	// What is left of the library's long sentences is their end; url.Error in the middle would show the whole address.
	return trouble{"other", root(err), false}
}

func diagnoseProxy(e *proxyError) trouble {
	t := diagnoseDial(e.err)
	code, answered := errors.AsType[connectError](e.err)
	switch {
	case answered && code == http.StatusProxyAuthRequired:
		t = trouble{"http 407", code.Error() + ": check its user and password", true}
	case answered:
		t = trouble{fmt.Sprint("http ", int(code)), code.Error() + ": check whether it may and can reach the address", code < 500}
	case errors.Is(e.err, syscall.ECONNREFUSED):
		t.text = "connection refused: nothing listens there"
	}
	t.kind, t.text = "proxy "+t.kind, "proxy "+e.proxy+": "+t.text
	return t
}

// root returns the text of the innermost error, which has no address or port that changes from one attempt to the next.
func root(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.TrimSpace(err.Error())
		}
		err = inner
	}
}
