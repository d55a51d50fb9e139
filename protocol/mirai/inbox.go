package mirai

import (
	"slices"
	"sync"
)

// inbox takes what MiraiGo's handlers report, without ever making them wait: a waiting handler would hold MiraiGo's
// event lock, and its goroutines would pile up one for each packet. The gate keeps the inbox from growing by slowing the
// reading of packets.
type inbox struct {
	mu       sync.Mutex
	items    []item
	sessions int           // how many of the items are of that kind
	filled   chan struct{} // capacity 1: there is something
	room     chan struct{} // capacity 1: something was taken
}

// maxEarly is how many items wait for the end of a login. It is far below maxInbox: at that the reading of packets stops,
// and with it the login.
const maxEarly = maxInbox / 2

func newInbox() *inbox {
	return &inbox{filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (b *inbox) put(i item) {
	b.mu.Lock()
	b.items = append(b.items, i)
	if i.kind == session {
		b.sessions++
	}
	b.mu.Unlock()
	notify(b.filled)
}

// take returns what is there, up to and including the first item of kind session. While the account is not online it
// returns nothing without one, so that what is said during a login waits here, where the gate counts it.
func (b *inbox) take(online bool) []item {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.items)
	switch {
	case b.sessions > 0:
		n = 1 + slices.IndexFunc(b.items, func(i item) bool { return i.kind == session })
		b.sessions--
	case !online && n <= maxEarly:
		return nil
	}
	taken := b.items[:n:n]
	b.items = b.items[n:]
	if len(b.items) > 0 {
		notify(b.filled)
	}
	notify(b.room)
	return taken
}

func (b *inbox) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// waitForRoom blocks while more than limit items wait, until stopped is closed.
func (b *inbox) waitForRoom(stopped <-chan struct{}, limit int) {
	for b.size() > limit {
		select {
		case <-b.room:
		case <-stopped:
			return
		}
	}
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
