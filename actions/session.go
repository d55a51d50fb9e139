package actions

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

// Format is how messages in answers are written.
type Format string

// The formats, as go-cqhttp's post-format names them.
const (
	Array  Format = "array"  // the default: [{"type":"text","data":{"text":"hi"}}]
	String Format = "string" // CQ strings
)

const (
	// DefaultDeadline is how long an action may take, counted from the arrival of its frame and including the wait for
	// its turn. It lies below the 30 s after which NoneBot gives up. SealDice gives up after 10 s; nothing is gained by
	// following it, because a send that is abandoned early has an unknown outcome, while a late answer is only unused.
	DefaultDeadline = 25 * time.Second
	// DefaultInFlight is how many actions of one endpoint may be unanswered at once. It is generous, because frameworks
	// answer a burst of events all at once, and every action refused is a reply that a user misses.
	DefaultInFlight = 1024
)

// SessionOptions are an endpoint's own choices. Zero values are the defaults.
type SessionOptions struct {
	Format   Format        // Array unless it is String
	InFlight int           // most calls running at once, [DefaultInFlight]; more are answered 1429 BUSY
	Deadline time.Duration // [DefaultDeadline]
}

// Session takes the frames of one endpoint. It is safe for concurrent use.
type Session struct {
	registry *Registry
	log      zerolog.Logger
	format   Format
	limit    int64
	deadline time.Duration
	inFlight atomic.Int64
}

// Session makes the session of the endpoint with this name. The endpoint's connections share it.
func (r *Registry) Session(endpoint string, o SessionOptions) *Session {
	s := &Session{
		registry: r,
		log:      r.options.Log.With().Str("endpoint", endpoint).Logger(),
		format:   o.Format,
		limit:    int64(o.InFlight),
		deadline: o.Deadline,
	}
	if s.limit <= 0 {
		s.limit = DefaultInFlight
	}
	if s.deadline <= 0 {
		s.deadline = DefaultDeadline
	}
	return s
}

// Call runs one accepted frame and returns its one answer, a JSON object. It must be run exactly once and soon, because
// it holds a place in line from the moment it was accepted: one that is not run holds up its chat until its deadline.
//
// A Call whose ctx ends while it waits for its turn does not begin. One that has begun to change something goes on until
// it is done or its deadline has passed, so that nothing is left half done for a link that closed.
type Call = func(ctx context.Context) []byte

// Accept takes one frame in the order of arrival. It returns at once: it reads the frame, finds the action, decodes the
// parameters and takes the place in line. Parts of frame are in use until the Call has returned, so its bytes must not
// change.
func (s *Session) Accept(frame []byte) (call Call) {
	var request request
	defer func() {
		if p := recover(); p != nil {
			call = answered(request.echo, s.panicked("accept frame", p))
		}
	}()
	request, err := parseFrame(frame)
	if err != nil {
		return answered(request.echo, err)
	}
	e, err := s.registry.lookup(request.action)
	if err != nil {
		return answered(request.echo, err)
	}
	params, err := e.decode(request.params)
	if err != nil {
		return answered(request.echo, err)
	}
	var chat protocol.Chat
	if e.chat != nil {
		chat = e.chat(params)
	}
	j := &job{session: s, entry: e, params: params, echo: request.echo, deadline: time.Now().Add(s.deadline)}
	switch {
	case e.chat != nil:
		j.turn = s.registry.lanes.take(chat, j.deadline)
	case e.find != nil:
		j.turn = s.registry.lanes.takeOpen(j.deadline)
	}
	return j.call
}

// answered is the Call of a frame that is answered already.
func answered(echo []byte, err error) Call {
	answer := failure(echo, err)
	return func(context.Context) []byte { return answer }
}

// lookup finds an action. go-cqhttp's suffix _async means nothing here, as there: Koishi throws on an answer "async".
// _rate_limited is read the same way.
func (r *Registry) lookup(name string) (*entry, error) {
	base, cut := strings.CutSuffix(name, "_async")
	if !cut {
		base = strings.TrimSuffix(name, "_rate_limited")
	}
	e, ok := r.actions[base]
	if !ok {
		return nil, &unknownActionError{name: name}
	}
	return e, nil
}

// panicked logs a panic with its stack and returns the error that the bot may see.
func (s *Session) panicked(doing string, value any) error {
	s.log.Error().Str("panic", fmt.Sprint(value)).Bytes("stack", debug.Stack()).Msg("panic: " + doing)
	return errPanic
}
