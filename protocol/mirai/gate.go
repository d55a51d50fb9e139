package mirai

import (
	"sync"
	"time"
)

const (
	// maxFlying is how many group messages MiraiGo may be decoding at once. It starts a goroutine for each packet, and the
	// more there are the further they overtake each other: of 5000 at once some by 1752 places. The race detector ends
	// a process that has 8128 of them.
	maxFlying = 256
	// stuckAfter is how long the gate waits for a message to be decoded. A message that MiraiGo cannot decode is never
	// reported; after this time without any report those that flew are taken for lost.
	stuckAfter = 200 * time.Millisecond
	// maxBlind is how many group messages may be under way during a login, when MiraiGo knows no group yet and asks the
	// server about the group of each message. The answers come behind the messages that are still to be read, so reading
	// must go on; blindWait is how long it waits for more of them.
	maxBlind  = 4096
	blindWait = 5 * time.Millisecond
	// maxInbox is how many items may wait for a slow receiver of events before no more packets are read. It is high
	// because answers to requests ride on the same connection.
	maxInbox = 100_000
)

// gate slows down MiraiGo's reading of packets. MiraiGo offers no such thing, but its read loop logs each packet before it
// handles it, and waits for its logger.
type gate struct {
	inbox *inbox

	mu      sync.Mutex
	stopped <-chan struct{} // ends all waiting; nil before the driver runs
	flying  int
	limit   int       // of flying
	blind   bool      // a login is under way
	moved   time.Time // when flying last changed
	closed  bool
	done    chan struct{} // capacity 1: a message was decoded
}

func newGate(b *inbox) *gate { return &gate{inbox: b, limit: maxFlying, done: make(chan struct{}, 1)} }

// setBlind tells that MiraiGo knows no groups yet, or that it does now.
func (g *gate) setBlind(blind bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blind, g.limit = blind, maxFlying
}

// open lets the gate make MiraiGo wait until stopped is closed; it is called before the client connects.
func (g *gate) open(stopped <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = stopped
}

// arrived is called by MiraiGo's read loop for each packet that carries or announces a message.
func (g *gate) arrived(group bool) {
	stopped := g.opened()
	if stopped == nil {
		return
	}
	if g.inbox.size() > maxInbox {
		g.setClosed(true)
		g.inbox.waitForRoom(stopped, maxInbox)
		g.setClosed(false)
	}
	if !group {
		return
	}
	for g.enter() {
		select {
		case <-g.done:
		case <-time.After(g.patience()):
			g.makeRoom()
		case <-stopped:
			return
		}
	}
}

// handled is called when a group message was decoded.
func (g *gate) handled() {
	g.mu.Lock()
	g.flying, g.moved = max(0, g.flying-1), time.Now()
	g.mu.Unlock()
	notify(g.done)
}

// enter takes a place if there is one, and tells whether to wait for it.
func (g *gate) enter() (full bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.flying >= g.limit {
		return true
	}
	g.flying, g.moved = g.flying+1, time.Now()
	return false
}

// patience is how long a full gate waits for a message to be decoded.
func (g *gate) patience() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.blind && g.limit < maxBlind {
		return blindWait
	}
	return stuckAfter
}

// makeRoom lets more fly, or takes those that do for lost.
func (g *gate) makeRoom() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.blind && g.limit < maxBlind {
		g.limit += maxFlying
		return
	}
	g.flying, g.limit = 0, maxFlying
}

// settled tells whether every group message that was read has been reported, or taken for lost.
func (g *gate) settled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.flying == 0 || time.Since(g.moved) >= stuckAfter
}

// settle waits until the gate has settled, but not longer than limit.
func (g *gate) settle(limit time.Duration) {
	stopped, over := g.opened(), time.After(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !g.settled() {
		select {
		case <-stopped:
			return
		case <-over:
			return
		case <-tick.C:
		}
	}
}

// isClosed tells whether reading stands still because the receiver of events is slow: silence then is our own.
func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *gate) setClosed(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}

func (g *gate) opened() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped
}
