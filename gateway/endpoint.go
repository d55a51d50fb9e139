package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// endpoint is one bot framework: an outbox, and the one or two connections that empty it and bring actions. It knows
// nothing of other endpoints, so that one can be added or removed while the others run.
type endpoint struct {
	conf       Config
	options    *Options
	handler    Handler
	log        zerolog.Logger
	outbox     *outbox
	connectors []*connector
	calls      sync.WaitGroup

	*tally
}

// tally holds an endpoint's counters. They outlive a change of its configuration.
type tally struct {
	actions        actionMeter
	answersDropped atomic.Uint64
	panics         atomic.Uint64
}

// newEndpoint makes an endpoint that takes over the outbox and the counters of old, if that is not nil. The two must not
// run at the same time.
func newEndpoint(conf Config, o *Options, old *endpoint) *endpoint {
	conf.Headers = maps.Clone(conf.Headers) // the caller may change its map
	e := &endpoint{
		conf:    conf,
		options: o,
		handler: o.Handler(conf.Name),
		log:     o.Log.With().Str("endpoint", conf.Name).Logger(),
	}
	if old == nil {
		e.outbox, e.tally = newOutbox(conf.Queue), &tally{}
	} else {
		e.outbox, e.tally = old.outbox, old.tally
	}
	for _, a := range conf.addresses() {
		c := newConnector(e, a)
		if old != nil {
			c.inherit(old)
		}
		e.connectors = append(e.connectors, c)
	}
	return e
}

// run keeps the endpoint's connections up until ctx ends. It returns after they are closed and every call has returned.
func (e *endpoint) run(ctx context.Context) {
	var connectors sync.WaitGroup
	for _, c := range e.connectors {
		connectors.Go(func() { c.run(ctx) })
	}
	connectors.Wait()
	e.calls.Wait()
	if !errors.Is(context.Cause(ctx), errRemoved) {
		return
	}
	if n := e.outbox.clear(); n > 0 {
		e.log.Warn().Int("events", n).Msg("endpoint was removed with events in its queue")
	}
}

// publish queues the event, whether or not there is a connection.
func (e *endpoint) publish(ev Event) {
	frame := ev.encoded(e.conf.format())
	if len(frame) == 0 {
		return
	}
	e.report(e.outbox.push(frame))
}

// report logs what is new about the outbox.
func (e *endpoint) report(n news) {
	if n.overflow {
		e.log.Warn().Int64("bytes", e.conf.Queue.Bytes).Int("events", e.conf.Queue.Events).Str("drops", e.conf.Queue.Overflow).
			Msg("endpoint's queue is full, events are being dropped")
	}
	if n.expiry {
		e.log.Warn().Stringer("age", e.conf.Queue.Age).Msg("events in endpoint's queue are too old and are being dropped")
	}
	if n.lost > 0 {
		e.log.Warn().Uint64("dropped", n.lost).Msg("endpoint's queue is empty again")
	}
}

// accept hands a frame to the handler. It returns nil if that panicked.
func (e *endpoint) accept(frame []byte) Call {
	defer e.survive("accept")
	return e.handler.Accept(frame)
}

// call runs a call. It returns nil if that panicked.
func (e *endpoint) call(ctx context.Context, call Call) []byte {
	defer e.survive("call")
	return call(ctx)
}

// survive, deferred, keeps a panic of a handler from ending the process.
func (e *endpoint) survive(where string) {
	if p := recover(); p != nil {
		e.log.Error().Str("panic", fmt.Sprint(p)).Str("where", where).Bytes("stack", debug.Stack()).
			Msg("action handler panicked, its frame stays unanswered")
		e.panics.Add(1)
	}
}
