package mirai

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"echogate/protocol"
)

// calls keeps account of the calls into MiraiGo. Its functions take no context and panic on answers that they do not
// expect, so each runs in a goroutine of its own, which the caller may leave behind as a stray.
type calls struct {
	mu     sync.Mutex
	flying int
	strays uint64
	idle   chan struct{} // closed when nothing flies; made by wait
}

func newCalls() *calls { return &calls{} }

// errLost says that the session ended while QQ's answer was awaited. It is an ErrOffline.
var errLost = fmt.Errorf("%w: the connection was lost", protocol.ErrOffline)

// errNoOutcome says that QQ answered, but not whether it did what was asked. It is an ErrTimeout: nobody knows.
var errNoOutcome = fmt.Errorf("%w: its answer names no outcome", protocol.ErrTimeout)

// panicError is a panic of MiraiGo, with the stack for the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("MiraiGo panicked: %v", e.value) }

// outcome is how a call ended.
type outcome[T any] struct {
	value T
	err   error
}

// start runs f in a goroutine and returns where its outcome will be. A panic of f is an error.
func start[T any](c *calls, f func() (T, error)) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	c.begin()
	go func() {
		defer c.end()
		var o outcome[T]
		defer func() {
			if p := recover(); p != nil {
				o.err = &panicError{p, debug.Stack()}
			}
			o.err = libraryError(o.err)
			done <- o
		}()
		o.value, o.err = f()
	}()
	return done
}

// call runs f and returns its result, or an error if ctx ends or lost is closed first; f then finishes behind.
func call[T any](ctx context.Context, c *calls, lost <-chan struct{}, f func() (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, contextError(ctx)
	}
	select {
	case o := <-start(c, f):
		return o.value, o.err
	case <-lost:
		c.stray()
		return none, errLost
	case <-ctx.Done():
		c.stray()
		return none, contextError(ctx)
	}
}

func (c *calls) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying++
}

func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying--
	if c.flying == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
}

func (c *calls) stray() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strays++
}

// wait waits until nothing flies, but not longer than limit, and returns how many calls are still under way.
func (c *calls) wait(limit time.Duration) int {
	c.mu.Lock()
	if c.flying == 0 {
		c.mu.Unlock()
		return 0
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(limit):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flying
}

// contextError puts the end of a context in the protocol's words: a deadline is QQ's silence.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", protocol.ErrTimeout, cause)
	}
	return cause
}

// libraryError puts MiraiGo's errors in the protocol's words. It makes them on the spot, without a type or a value to
// compare with, or in packages that cannot be imported, so their text decides (client/network.go, internal/network).
func libraryError(err error) error {
	switch {
	case err == nil:
		return nil
	case err.Error() == "Packet timed out":
		return fmt.Errorf("%w: %w", protocol.ErrTimeout, err)
	case strings.HasSuffix(err.Error(), "connection closed"):
		return fmt.Errorf("%w: %w", protocol.ErrOffline, err)
	default:
		return err
	}
}

// request sends one packet and returns QQ's answer to it. It ends with ctx, with the session, or after Timing.Call.
func (d *Driver) request(ctx context.Context, command string, body []byte) ([]byte, error) {
	session, err := d.state.current()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timing.Call)
	defer cancel()
	c := d.client.Load()
	answer, err := call(ctx, d.calls, session, func() ([]byte, error) { return c.SendSsoPacket(command, body) })
	if err != nil {
		d.logPanic(command, err)
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return answer, nil
}

func (d *Driver) logPanic(what string, err error) {
	if p, ok := errors.AsType[*panicError](err); ok {
		d.log.Error().Str("call", what).Interface("panic", p.value).Bytes("stack", p.stack).Msg("MiraiGo panicked")
	}
}
