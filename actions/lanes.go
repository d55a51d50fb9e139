package actions

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"echogate/protocol"
)

// lanes puts actions that change a chat in the order in which they arrived: one at a time per chat. An action whose
// chat is still to be found holds up every later one, of any chat, until it has settled.
type lanes struct {
	mu    sync.Mutex
	last  uint64                    // number of the newest turn
	chats map[protocol.Chat][]*turn // by number; the first one runs or is about to
	open  []*turn                   // by number: their chats are not known yet
}

func newLanes() *lanes { return &lanes{chats: map[protocol.Chat][]*turn{}} }

// turn is a place in line. leave must be called in the end, whether the turn came or not.
type turn struct {
	lanes  *lanes
	number uint64
	ready  chan struct{} // closed when the turn has come

	// Under lanes.mu.
	chat    protocol.Chat
	settled bool // chat is known
	called  bool // ready is closed
}

// take queues for a chat. It never waits.
func (l *lanes) take(chat protocol.Chat) *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.next()
	t.chat, t.settled = chat, true
	l.chats[chat] = append(l.chats[chat], t)
	l.callFirst(chat)
	return t
}

// takeOpen queues for a chat that settle will name.
func (l *lanes) takeOpen() *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.next()
	l.open = append(l.open, t)
	return t
}

func (l *lanes) next() *turn {
	l.last++
	return &turn{lanes: l, number: l.last, ready: make(chan struct{})}
}

// callFirst tells the first turn of the chat that it has come, unless an earlier turn is still open.
func (l *lanes) callFirst(chat protocol.Chat) {
	queue := l.chats[chat]
	if len(queue) == 0 {
		delete(l.chats, chat)
		return
	}
	first := queue[0]
	if first.called || len(l.open) > 0 && l.open[0].number < first.number {
		return
	}
	first.called = true
	close(first.ready)
}

// close takes an open turn out of the way of all chats.
func (l *lanes) close(t *turn) {
	l.open = slices.DeleteFunc(l.open, func(other *turn) bool { return other == t })
	for chat := range l.chats {
		l.callFirst(chat)
	}
}

// settle names the chat of an open turn, which keeps its place by arrival.
func (t *turn) settle(chat protocol.Chat) {
	l := t.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	t.chat, t.settled = chat, true
	queue := l.chats[chat]
	at, _ := slices.BinarySearchFunc(queue, t.number, func(other *turn, number uint64) int {
		return cmp.Compare(other.number, number)
	})
	l.chats[chat] = slices.Insert(queue, at, t)
	l.close(t)
}

// wait returns nil when the turn has come, or the context's error. A turn that comes at the context's deadline comes too late.
func (t *turn) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-t.ready:
		if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
			return context.DeadlineExceeded
		}
	}
	return ctx.Err()
}

// leave gives the place to the next, from anywhere in the queue.
func (t *turn) leave() {
	l := t.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.settled {
		l.close(t)
		return
	}
	l.chats[t.chat] = slices.DeleteFunc(l.chats[t.chat], func(other *turn) bool { return other == t })
	l.callFirst(t.chat)
}
