package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

const (
	outLimit  = 1024 // frames that wait for the writer; then whoever makes more of them waits too
	lateLimit = 4096 // answers that a fault holds back
)

// errExpired makes a command be answered with the code that ends the client's session.
var errExpired = errors.New("session has expired")

// link is one client's connection: a reader that answers its commands one after the other, a pump that pushes the
// World's changes once it has registered, and a writer that both feed.
type link struct {
	server *Server
	conn   net.Conn
	log    zerolog.Logger
	hangUp context.CancelFunc
	over   chan struct{} // closed when the connection is, and nothing works for it any more
	out    chan outgoing
	begin  chan pushing                // what the pump is to do next; see link.startPushing
	after  func(context.Context) error // what the reader does once its answer is on the way

	mu      sync.Mutex
	uin     protocol.UserID // 0 until the first frame
	since   time.Time       // of the login
	state   linkState
	session uint   // counts the logins over this connection
	expires bool   // the next frame to the client ends its session
	lastSeq uint32 // of the client's newest request
	pushes  uint32 // how many there were
	mail    mailbox
}

type linkState uint8

const (
	connected linkState = iota
	registered
	expired   // every command but a new login is answered with the code that says so
	forcedOff // the client was told to hang up; until it does or logs in again, it is not listened to
)

// outgoing is a frame on its way to the client.
type outgoing struct {
	frame  []byte
	answer bool      // to a command, and not a push: subject to Faults.DelayReplies
	made   time.Time // from when on the delay counts
}

func newLink(s *Server, conn net.Conn, hangUp context.CancelFunc) *link {
	return &link{
		server: s,
		conn:   conn,
		log:    s.log.With().Stringer("remote", conn.RemoteAddr()).Logger(),
		hangUp: hangUp,
		over:   make(chan struct{}),
		out:    make(chan outgoing, outLimit),
		begin:  make(chan pushing, 1),
		since:  time.Now(),
	}
}

// user is the account whose frames come over this link, 0 before the first one.
func (l *link) user() protocol.UserID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uin
}

// read handles the client's frames until the connection ends, which is no error, or a frame cannot be read.
func (l *link) read(ctx context.Context) error {
	r := bufio.NewReaderSize(l.conn, 64<<10)
	for {
		if !l.server.flowing(ctx) {
			return nil
		}
		frame, err := sso.ReadFrame(r)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unlessOver(ctx, err)
		}
		if !l.server.flowing(ctx) {
			return nil
		}
		if err := l.handle(ctx, frame); err != nil {
			return err
		}
	}
}

// handle answers one frame. An error means that the client does not speak the protocol.
func (l *link) handle(ctx context.Context, frame []byte) (err error) {
	var r sso.Request
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handle %s: panic: %v\n%s", r.Command, p, debug.Stack())
		}
	}()
	r, err = sso.ParseRequest(frame, l.server.d2Key)
	if errors.Is(err, sso.ErrUnknownAccount) {
		l.log.Warn().Err(err).Msg("refuse frame")
		l.send(ctx, sso.Response{Encryption: sso.Plain, Seq: r.Seq, Uin: r.Uin, Code: sso.CodeExpired}, true)
		return nil
	}
	if err != nil {
		return err
	}
	if err := l.belongs(protocol.UserID(r.Uin)); err != nil {
		return err
	}
	handle, ok := l.server.routes[r.Command]
	if !ok {
		l.server.unknown(r.Command)
		l.log.Error().Str("command", r.Command).Int64("user", r.Uin).Msg("no answer to this command is known")
		return nil
	}
	l.log.Debug().Str("command", r.Command).Uint32("seq", r.Seq).Int("bytes", len(r.Payload)).Msg("command")
	var payload []byte
	switch l.stateFor(r.Command) {
	case forcedOff:
		return nil
	case expired:
		err = errExpired
	default:
		payload, err = handle(ctx, l, r)
	}
	if err := l.answer(ctx, r, payload, err); err != nil {
		return fmt.Errorf("handle %s: %w", r.Command, err)
	}
	return nil
}

// answer sends what a route gave, and goes on to what the route put off.
func (l *link) answer(ctx context.Context, r sso.Request, payload []byte, err error) error {
	after := l.after
	l.after = nil
	switch {
	case errors.Is(err, errExpired):
		l.end(ctx, r)
		return nil
	case err != nil:
		return err
	case payload == nil: // told, not asked
		return nil
	}
	l.sawRequest(r.Seq)
	sent := l.send(ctx, sso.Response{
		Encryption: answersBy(r), Seq: r.Seq, Uin: r.Uin, Command: r.Command, SessionID: r.SessionID, Payload: payload,
	}, true)
	if !sent || after == nil {
		return nil
	}
	return after(ctx)
}

// afterwards puts off what a command leads to until it is answered. For routes only.
func (l *link) afterwards(do func(context.Context) error) { l.after = do }

// answersBy is the encryption in which MiraiGo expects the answer.
func answersBy(r sso.Request) sso.Encryption {
	if isLogin(r.Command) {
		return sso.ByZeroKey
	}
	if r.Encryption == sso.Plain {
		return sso.Plain
	}
	return sso.ByD2Key
}

func isLogin(command string) bool { return strings.HasPrefix(command, "wtlogin.") }

func (l *link) belongs(u protocol.UserID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uin != 0 && l.uin != u {
		return fmt.Errorf("a frame of %d on the connection of %d", u, l.uin)
	}
	l.uin = u
	return nil
}

// stateFor is the state as far as it matters to the command: a login may come at any time.
func (l *link) stateFor(command string) linkState {
	if isLogin(command) {
		return connected
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *link) sawRequest(seq uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastSeq = seq
}

// send seals a frame and hands it to the writer. It waits while the writer is behind. It is false when the frame did not
// go out as it is: because the session expired with it, or the connection ends.
func (l *link) send(ctx context.Context, r sso.Response, answer bool) (sent bool) {
	over := l.takeExpiry()
	if over {
		r.Code, r.Payload = sso.CodeExpired, nil
		l.signOff(expired)
	}
	key, _ := l.server.d2Key(r.Uin)
	select {
	case l.out <- outgoing{frame: r.Append(nil, key), answer: answer, made: time.Now()}:
		return !over
	case <-ctx.Done():
		return false
	}
}

// end answers r with the code that ends the session.
func (l *link) end(ctx context.Context, r sso.Request) {
	l.signOff(expired)
	l.log.Info().Str("command", r.Command).Msg("session has expired")
	l.send(ctx, sso.Response{Encryption: answersBy(r), Seq: r.Seq, Uin: r.Uin, Code: sso.CodeExpired, Command: r.Command}, true)
}

func (l *link) takeExpiry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.expires
	l.expires = false
	return taken
}

// write sends frames in the order in which they come, and flushes before it waits. Answers that are held back leave as the
// faults of the moment say, not as those under which they were made.
func (l *link) write(ctx context.Context) error {
	w := bufio.NewWriterSize(l.conn, 64<<10)
	var late []outgoing
	for {
		faults, changed := l.server.faultsUntil()
		in, due := l.out, (<-chan time.Time)(nil)
		if len(late) >= lateLimit {
			in = nil
		}
		if len(late) > 0 {
			due = time.After(time.Until(late[0].made.Add(faults.DelayReplies)))
		}
		var next outgoing
		held := false
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			continue
		case next = <-in:
			// The faults are asked for again: those from before the frame was made may be out of date.
			held = next.answer && (len(late) > 0 || l.server.Faults().DelayReplies > 0)
		case <-due:
			next, late = late[0], late[1:]
		}
		if !l.server.flowing(ctx) {
			return nil
		}
		if held {
			late = append(late, next)
		} else if _, err := w.Write(next.frame); err != nil {
			return unlessOver(ctx, err)
		}
		if len(l.out) > 0 && len(late) < lateLimit {
			continue
		}
		if err := w.Flush(); err != nil {
			return unlessOver(ctx, err)
		}
	}
}

// unlessOver is err, or nil where the error is that of a connection that is being closed here.
func unlessOver(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}
