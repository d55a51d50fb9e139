package sandbox

import "context"

// ChangeKind tells what a [Change] was.
type ChangeKind uint8

// What can change.
const (
	Said ChangeKind = iota + 1
	Recalled
)

func (k ChangeKind) String() string {
	if k == Recalled {
		return "recalled"
	}
	return "said"
}

// Change is one entry of the change log. Message is the message as it was then: what was said is not yet recalled, even
// if it has been recalled since.
type Change struct {
	Kind    ChangeKind
	Message Message
}

// Cursor is a position in the change log. The zero Cursor is its beginning.
type Cursor struct{ next int }

// change is a log entry. It points at the one copy of the message, so that a million of them stay cheap.
type change struct {
	kind    ChangeKind
	message *Message
}

// End is the position after the newest change: who reads from here sees what happens from now on.
func (w *World) End() Cursor {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Cursor{next: len(w.log)}
}

// Next returns up to limit changes (at least 1 is taken) from c on, oldest first, and the position after them. It
// blocks until there is one or ctx ends: the error is then the context's cause, and c stays as it was. The log is kept
// for the life of the World: a slow reader misses nothing and holds nobody up.
func (w *World) Next(ctx context.Context, c Cursor, limit int) ([]Change, Cursor, error) {
	for {
		changes, wake := w.changesFrom(c, max(limit, 1))
		if len(changes) > 0 {
			return changes, Cursor{next: c.next + len(changes)}, nil
		}
		select {
		case <-ctx.Done():
			return nil, c, context.Cause(ctx)
		case <-wake:
		}
	}
}

// changesFrom is what there is now, or a channel that is closed when there is something.
func (w *World) changesFrom(c Cursor, limit int) ([]Change, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.next >= len(w.log) {
		if w.wake == nil {
			w.wake = make(chan struct{})
		}
		return nil, w.wake
	}
	entries := w.log[c.next:min(c.next+limit, len(w.log))]
	changes := make([]Change, len(entries))
	for i, e := range entries {
		changes[i] = Change{Kind: e.kind, Message: *e.message}
		if e.kind == Said {
			changes[i].Message.Recalled, changes[i].Message.RecalledBy = false, 0
		}
	}
	return changes, nil
}

func (w *World) append(c change) {
	w.log = append(w.log, c)
	if w.wake != nil {
		close(w.wake)
		w.wake = nil
	}
}
