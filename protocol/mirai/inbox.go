package mirai

import "sync"

// inbox takes what MiraiGo's handlers report, without ever making them wait: a waiting handler would hold MiraiGo's
// event lock, and its goroutines would pile up one for each packet. The gate keeps the inbox from growing by slowing the
// reading of packets.
type inbox struct {
	mu     sync.Mutex
	items  []item
	filled chan struct{} // capacity 1: there is something
	room   chan struct{} // capacity 1: something was taken
}

func newInbox() *inbox {
	return &inbox{filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (b *inbox) put(i item) {
	b.mu.Lock()
	b.items = append(b.items, i)
	b.mu.Unlock()
	notify(b.filled)
}

// take returns everything that is there.
func (b *inbox) take() []item {
	b.mu.Lock()
	all := b.items
	b.items = nil
	b.mu.Unlock()
	notify(b.room)
	return all
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
