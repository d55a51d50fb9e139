package gateway

import "context"

// Handler executes the action frames of one endpoint. All connections of the endpoint share it.
type Handler interface {
	// Accept takes one frame, text or binary, in the order of arrival on its connection. It is called by the
	// connection's reader, which answers no ping until it returns, so it must return at once: it parses the frame and
	// takes its place in line. The Call it returns is run on a goroutine of its own. The frame belongs to the Handler.
	Accept(frame []byte) Call
}

// Call executes one accepted frame and returns exactly one answer frame. It waits for its turn itself.
//
// ctx ends when nobody can read the answer any more: the link that asked is gone, or the time that shutdown gives is over.
// A call which still waits for its turn must then return without having begun; one that has begun to change something
// should finish it under a deadline of its own (context.WithoutCancel). What a call returns after that is dropped and
// counted; nil is then as good as an answer.
//
// A call must return in the end, because Run waits for it. One that panics is logged and counted and leaves the frame
// unanswered, because this package knows no OneBot: a Handler should recover its own panics and answer them.
type Call = func(ctx context.Context) []byte
