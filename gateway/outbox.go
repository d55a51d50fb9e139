package gateway

import "sync"

// outbox holds the events that wait for one endpoint, oldest first, within bounds. One writer at a time takes from it with
// take, and then says done or undo; so a cursor on a journal can stand in its place. Any goroutine may push.
type outbox struct {
	limit Queue
	ready chan struct{} // holds one signal when something may be waiting

	mu      sync.Mutex
	queue   [][]byte // queue[head:] waits
	head    int
	current []byte // taken and neither done nor undone; still counted, never dropped
	bytes   int64
	sent    uint64
	dropped uint64
	full    bool   // since the last time it was empty, something was dropped
	lost    uint64 // how much, while full
}

func newOutbox(limit Queue) *outbox {
	return &outbox{limit: limit, ready: make(chan struct{}, 1)}
}

// push appends an event and drops the oldest ones if a bound is passed. The newest stays, beside the one that is being
// written; only an event larger than the whole outbox is dropped itself. It reports whether this began a time of dropping.
func (o *outbox) push(frame []byte) (overflow bool) {
	o.mu.Lock()
	before := o.dropped
	if int64(len(frame)) > o.limit.Bytes {
		o.dropped++
	} else {
		o.queue = append(o.queue, frame)
		o.bytes += int64(len(frame))
		for o.head < len(o.queue)-1 && (o.bytes > o.limit.Bytes || o.waiting() > o.limit.Events) {
			o.bytes -= int64(len(o.pop()))
			o.dropped++
		}
	}
	o.lost += o.dropped - before
	overflow = o.dropped > before && !o.full
	o.full = o.full || overflow
	o.mu.Unlock()

	select {
	case o.ready <- struct{}{}:
	default:
	}
	return overflow
}

// take hands out the oldest event, or false if there is none.
func (o *outbox) take() ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head == len(o.queue) {
		return nil, false
	}
	o.current = o.pop()
	return o.current, true
}

// done says that the event last taken was written. If that emptied an outbox which had overflowed, it returns how many
// events were dropped in that time.
func (o *outbox) done() (lost uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= int64(len(o.current))
	o.current = nil
	o.sent++
	if o.full && o.head == len(o.queue) {
		lost, o.lost, o.full = o.lost, 0, false
	}
	return lost
}

// undo puts the event last taken back to where it was: it was not written.
func (o *outbox) undo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head == 0 {
		o.queue = append([][]byte{nil}, o.queue...)
		o.head = 1
	}
	o.head--
	o.queue[o.head], o.current = o.current, nil
}

// outboxStatus is what an outbox tells about itself.
type outboxStatus struct {
	events        int
	bytes         int64
	sent, dropped uint64
}

func (o *outbox) status() outboxStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	return outboxStatus{o.waiting(), o.bytes, o.sent, o.dropped}
}

// waiting counts the events not yet written. The caller holds mu.
func (o *outbox) waiting() int {
	n := len(o.queue) - o.head
	if o.current != nil {
		n++
	}
	return n
}

// pop removes the oldest event and gives back the room of those removed before, now and then. The caller holds mu.
func (o *outbox) pop() []byte {
	frame := o.queue[o.head]
	o.queue[o.head] = nil
	o.head++
	switch {
	case o.head == len(o.queue):
		if cap(o.queue) > 4096 {
			o.queue = nil // after a burst
		}
		o.queue, o.head = o.queue[:0], 0
	case o.head > 1024 && o.head > len(o.queue)/2:
		n := copy(o.queue, o.queue[o.head:])
		clear(o.queue[n:])
		o.queue, o.head = o.queue[:n], 0
	}
	return frame
}
