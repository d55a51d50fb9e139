package events

import (
	"context"
	"fmt"

	"echogate/protocol"
)

// batchEvents is how many events are stored and published together at most.
const batchEvents = 512

// Config is what users choose about events.
type Config struct {
	// ReportSelf reports the account's own messages as message_sent, and its own recalls in private chats. Default false.
	// go-cqhttp: report-self-message.
	ReportSelf bool `mapstructure:"report_self"`
}

// Source is the part of a driver that the pipeline reads.
type Source interface {
	// Events is the stream to be published; closing it ends the pipeline.
	Events() <-chan protocol.Event
	// Status tells the account, which every event names.
	Status() protocol.Status
}

// History gives out message ids. *history.Store is one.
type History interface {
	// Record stores messages, completes their reply segments in place and returns the message_id of each.
	Record(ctx context.Context, msgs []protocol.Message) ([]int32, error)
	// Resolve returns the message_id of each named message, also of those that were never seen.
	Resolve(ctx context.Context, refs []protocol.Ref) ([]int32, error)
}

// Options are the parts of a [Pipeline]. All are needed.
type Options struct {
	Config  Config
	Source  Source
	History History
	// Publish takes the events of one batch in order, never none. It is called by one goroutine; what it blocks, blocks the
	// driver. The slice is its own.
	Publish func(batch []Encoded)
}

// Pipeline is an event's way from the driver to the endpoints.
type Pipeline struct{ o Options }

// NewPipeline makes a pipeline; [Pipeline.Run] sets it going.
func NewPipeline(o Options) *Pipeline { return &Pipeline{o} }

// Run publishes the driver's events until the driver closes its channel and all are handled, or until ctx ends, which
// loses what is not published yet; both return nil. An error of the history ends it too.
func (p *Pipeline) Run(ctx context.Context) error {
	stream := p.o.Source.Events()
	batch := make([]protocol.Event, 0, batchEvents)
	for {
		var open bool
		batch, open = gather(ctx, stream, batch[:0])
		if err := p.handle(ctx, batch); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the history was interrupted, as asked
			}
			return err
		}
		if !open {
			return nil
		}
	}
}

// gather waits for an event and takes those that are there already. It is not open once no more will come.
func gather(ctx context.Context, stream <-chan protocol.Event, batch []protocol.Event) (_ []protocol.Event, open bool) {
	select {
	case e, ok := <-stream:
		if !ok {
			return batch, false
		}
		batch = append(batch, e)
	case <-ctx.Done():
		return batch, false
	}
	for len(batch) < cap(batch) {
		select {
		case e, ok := <-stream:
			if !ok {
				return batch, false
			}
			batch = append(batch, e)
		default:
			return batch, true
		}
	}
	return batch, true
}

// handle stores what the batch says, then publishes it in order. Messages are recorded before recalls are looked up, so
// that a recall finds the message which came just before it.
func (p *Pipeline) handle(ctx context.Context, batch []protocol.Event) error {
	self := p.o.Source.Status().Self.UserID
	var messages []protocol.Message
	var recalled []protocol.Ref
	for _, e := range batch {
		switch e := e.(type) {
		case protocol.Received:
			messages = append(messages, e.Message)
		case protocol.Recalled:
			recalled = append(recalled, e.Ref)
		}
	}
	messageIDs, err := p.o.History.Record(ctx, messages)
	if err != nil {
		return fmt.Errorf("record messages: %w", err)
	}
	recalledIDs, err := p.o.History.Resolve(ctx, recalled)
	if err != nil {
		return fmt.Errorf("look up recalled messages: %w", err)
	}
	encoded := make([]Encoded, 0, len(batch))
	for _, e := range batch {
		switch e := e.(type) {
		case protocol.Received:
			if !messages[0].Self || p.o.Config.ReportSelf {
				encoded = append(encoded, Message(messages[0], messageIDs[0], self))
			}
			messages, messageIDs = messages[1:], messageIDs[1:]
		case protocol.Recalled:
			if p.reports(e, self) {
				encoded = append(encoded, Recall(e, recalledIDs[0], self))
			}
			recalledIDs = recalledIDs[1:]
		case protocol.Online, protocol.Offline: // OneBot 11 has no event for it; heartbeats tell
		}
	}
	if len(encoded) > 0 {
		p.o.Publish(encoded)
	}
	return nil
}

// reports tells whether a recall becomes an event. friend_recall names only the author, so an own recall would read as if
// a friend with the account's number took something back; like go-cqhttp it is left out, unless own doings are asked for.
func (p *Pipeline) reports(r protocol.Recalled, self protocol.UserID) bool {
	return r.Ref.Chat.Kind == protocol.Group || r.Ref.Sender != self || p.o.Config.ReportSelf
}
