package actions

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Format is how messages in answers are written.
type Format string

// The formats, as go-cqhttp's post-format names them.
const (
	Array  Format = "array"  // the default: [{"type":"text","data":{"text":"hi"}}]
	String Format = "string" // CQ strings
)

// SessionOptions are what a [Session] is made of. Bounds that are zero are the defaults.
type SessionOptions struct {
	Format        Format // Array unless it is String
	SessionConfig        // to be validated first; a policy that was not forbids more, not less
}

// Session takes the frames of one endpoint. It is safe for concurrent use.
type Session struct {
	registry *Registry
	options  Options // the registry's, behind the policy
	permit   *permissions
	log      zerolog.Logger
	format   Format
	bounds   SessionConfig
	limiter  *limiter     // nil: no limit
	inFlight atomic.Int64 // calls
	bytes    atomic.Int64 // of their frames
}

// Session makes the session of the endpoint with this name. The endpoint's connections share it.
func (r *Registry) Session(endpoint string, o SessionOptions) *Session {
	s := &Session{
		registry: r,
		options:  r.options,
		permit:   new(o.Policy.permissions(r.order)),
		log:      r.options.Log.With().Str("endpoint", endpoint).Logger(),
		format:   o.Format,
		bounds:   o.SessionConfig,
		limiter:  newLimiter(o.RateLimit),
	}
	if s.bounds.InFlight <= 0 {
		s.bounds.InFlight = DefaultInFlight
	}
	if s.bounds.InFlightBytes <= 0 {
		s.bounds.InFlightBytes = DefaultInFlightBytes
	}
	if s.bounds.Deadline <= 0 {
		s.bounds.Deadline = DefaultDeadline
	}
	s.options.Driver = guard{Session: r.options.Driver, driver: r.options.Driver, permit: s.permit}
	s.options.History = guardedHistory{History: r.options.History, permit: s.permit}
	return s
}

// Call runs one accepted frame and returns its one answer, a JSON object. It must be run exactly once and soon, because
// it holds a place in line from the moment it was accepted: one that is not run holds up its chat for ever.
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
	e, limited, err := s.registry.lookup(request.action)
	if err != nil {
		return answered(request.echo, err)
	}
	if err := s.permit.action(e.name); err != nil {
		return answered(request.echo, err)
	}
	params, err := e.decode(request.params)
	if err != nil {
		return answered(request.echo, err)
	}
	j := &job{
		session: s, entry: e, params: params, echo: request.echo, size: int64(len(frame)),
		deadline: time.Now().Add(s.bounds.Deadline),
	}
	if e.chat != nil {
		j.chat = e.chat(params)
		if err := s.permit.chat(j.chat); err != nil {
			return answered(request.echo, err)
		}
	}
	if s.limiter != nil && (limited || e.sends && s.bounds.RateLimit.Always) {
		if j.permit, err = s.limiter.join(j.deadline); err != nil {
			return answered(request.echo, err)
		}
	}
	if j.permit == nil {
		j.takeTurn()
	}
	return j.call
}

// answered is the Call of a frame that is answered already.
func answered(echo []byte, err error) Call {
	answer := failure(echo, err)
	return func(context.Context) []byte { return answer }
}

// lookup finds an action, and tells whether its name asks for the rate limit. go-cqhttp's suffix _async means nothing
// here, as there: Koishi throws on an answer "async".
func (r *Registry) lookup(name string) (e *entry, limited bool, err error) {
	base, cut := strings.CutSuffix(name, "_async")
	if !cut {
		base, limited = strings.CutSuffix(name, "_rate_limited")
	}
	e, ok := r.actions[base]
	if !ok {
		return nil, false, &unknownActionError{name: name}
	}
	return e, limited, nil
}

// panicked logs a panic with its stack and returns the error that the bot may see.
func (s *Session) panicked(doing string, value any) error {
	s.log.Error().Str("panic", fmt.Sprint(value)).Bytes("stack", debug.Stack()).Msg("panic: " + doing)
	return errPanic
}

// admit counts a call and the bytes of its frame, or refuses it. release takes back what was admitted.
func (s *Session) admit(size int64) error {
	calls, bytes := s.inFlight.Add(1), s.bytes.Add(size)
	if calls <= int64(s.bounds.InFlight) && bytes <= s.bounds.InFlightBytes {
		return nil
	}
	s.release(size)
	if calls > int64(s.bounds.InFlight) {
		return &busyError{reason: fmt.Sprintf("%d actions of this endpoint are still unanswered", s.bounds.InFlight)}
	}
	return &busyError{reason: fmt.Sprintf("with this frame of %d bytes the endpoint's unanswered actions would hold %d bytes, %d may be",
		size, bytes, s.bounds.InFlightBytes)}
}

func (s *Session) release(size int64) {
	s.inFlight.Add(-1)
	s.bytes.Add(-size)
}
