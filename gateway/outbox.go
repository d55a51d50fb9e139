package gateway

import (
	"slices"
	"sync"
	"time"
)

// outbox holds the events that wait for one endpoint, oldest first, within bounds. One writer at a time takes from it with
// take, and then says done or undo; so a cursor on a journal can stand in its place. Any goroutine may push.
type outbox struct {
	born  time.Time     // ages are counted from here, on the monotonic clock: a clock that is set does not age events
	ready chan struct{} // holds one signal when something may be waiting

	mu      sync.Mutex
	limit   Queue
	queue   []waiting // queue[head:] waits
	head    int
	current waiting // taken and neither done nor undone if it has a frame; still counted, never dropped
	bytes   int64
	sent    uint64
	dropped uint64
	expired uint64 // of those dropped
	losing  bool   // since the last time it was empty, something was dropped
	lost    uint64 // how much, while losing
	news    news
}

// waiting is an event in an outbox.
type waiting struct {
	frame []byte
	since time.Duration // when it came, counted from the outbox's birth
}

// news is what is worth a log line: a change of state, never a repetition.
type news struct {
	overflow bool   // a time of dropping has begun because a bound was reached
	expiry   bool   // or because events had become too old
	lost     uint64 // that time is over, because the outbox is empty; so many were dropped in it
}

func newOutbox(limit Queue) *outbox {
	return &outbox{born: time.Now(), limit: limit, ready: make(chan struct{}, 1)}
}

// push appends an event. If a bound is passed it drops the oldest ones, but neither this one nor the one that is being
// written, or this one, as the limit says. An event larger than the whole outbox is always dropped itself.
func (o *outbox) push(frame []byte) news {
	o.mu.Lock()
	now := time.Since(o.born)
	o.expire(now)
	size := int64(len(frame))
	newest := o.limit.Overflow == overflowNewest && (o.bytes+size > o.limit.Bytes || o.count() >= o.limit.Events)
	if newest || size > o.limit.Bytes {
		o.drop(&o.news.overflow)
	} else {
		o.queue = append(o.queue, waiting{frame, now})
		o.bytes += size
		for o.head < len(o.queue)-1 && o.exceeds() {
			o.pop()
			o.drop(&o.news.overflow)
		}
	}
	n := o.news
	o.news = news{}
	o.mu.Unlock()

	select {
	case o.ready <- struct{}{}:
	default:
	}
	return n
}

// take hands out the oldest event that is not too old, or nil if there is none.
func (o *outbox) take() ([]byte, news) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expire(time.Since(o.born))
	if o.head == len(o.queue) {
		return nil, o.tell()
	}
	o.current = o.pop()
	o.bytes += int64(len(o.current.frame)) // it counts until it is written
	return o.current.frame, o.tell()
}

// done says that the event last taken was written.
func (o *outbox) done() news {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= int64(len(o.current.frame))
	o.current = waiting{}
	o.sent++
	return o.tell()
}

// undo puts the event last taken back to where it was: it was not written.
func (o *outbox) undo() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head == 0 {
		o.queue = slices.Insert(o.queue, 0, waiting{})
		o.head = 1
	}
	o.head--
	o.queue[o.head], o.current = o.current, waiting{}
}

// rebound sets other limits and drops what is beyond them.
func (o *outbox) rebound(limit Queue) news {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit = limit
	o.expire(time.Since(o.born))
	for o.head < len(o.queue) && o.exceeds() {
		if limit.Overflow == overflowNewest {
			last := len(o.queue) - 1
			o.bytes -= int64(len(o.queue[last].frame))
			o.queue[last] = waiting{}
			o.queue = o.queue[:last]
		} else {
			o.pop()
		}
		o.drop(&o.news.overflow)
	}
	return o.tell()
}

// clear forgets the events that wait, but for one that is being written, and returns their number.
func (o *outbox) clear() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.queue) - o.head
	o.queue, o.head, o.bytes = nil, 0, int64(len(o.current.frame))
	return n
}

// outboxStatus is what an outbox tells about itself.
type outboxStatus struct {
	events                 int
	bytes                  int64
	sent, dropped, expired uint64
}

func (o *outbox) status() outboxStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expire(time.Since(o.born))
	return outboxStatus{o.count(), o.bytes, o.sent, o.dropped, o.expired}
}

// expire drops the events that are too old. The caller holds mu, as for all that follow.
func (o *outbox) expire(now time.Duration) {
	for o.limit.Age > 0 && o.head < len(o.queue) && now-o.queue[o.head].since > o.limit.Age {
		o.pop()
		o.expired++
		o.drop(&o.news.expiry)
	}
}

// drop counts a dropped event. If it is the first one of a time of dropping, that is news.
func (o *outbox) drop(why *bool) {
	o.dropped++
	o.lost++
	if !o.losing {
		o.losing, *why = true, true
	}
}

// tell returns the news since it was last asked for, and ends a time of dropping if the outbox is empty. A push does not:
// an endpoint to which only oversized events come would be told of each.
func (o *outbox) tell() news {
	n := o.news
	if o.losing && o.count() == 0 {
		n.lost, o.lost, o.losing = o.lost, 0, false
	}
	o.news = news{}
	return n
}

// count returns the number of events not yet written.
func (o *outbox) count() int {
	n := len(o.queue) - o.head
	if o.current.frame != nil {
		n++
	}
	return n
}

func (o *outbox) exceeds() bool { return o.bytes > o.limit.Bytes || o.count() > o.limit.Events }

// pop removes the oldest event and gives back the room of those removed before, now and then.
func (o *outbox) pop() waiting {
	first := o.queue[o.head]
	o.queue[o.head] = waiting{}
	o.head++
	o.bytes -= int64(len(first.frame))
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
	return first
}
