package history

import (
	"slices"
	"sync"

	"echogate/protocol"
)

// Bounds of the overlay. What is over them is dropped, oldest first.
const (
	overlayRows  = 10_000
	overlayBytes = 16 << 20
)

// place in a chat, by which messages are looked up.
type chatSeq struct {
	chat protocol.Chat
	seq  uint32
}

// overlay keeps the newest rows in memory while the database cannot be written. Only the writer changes it.
type overlay struct {
	mu      sync.RWMutex
	rows    map[int32]row
	places  map[chatSeq][]int32
	order   []int32 // ids in the order of their first put
	bytes   int
	dropped int
}

func newOverlay() *overlay {
	return &overlay{rows: map[int32]row{}, places: map[chatSeq][]int32{}}
}

func (o *overlay) get(id int32) (row, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	r, ok := o.rows[id]
	return r, ok
}

func (o *overlay) candidates(ref protocol.Ref) []candidate {
	o.mu.RLock()
	defer o.mu.RUnlock()
	var found []candidate
	for _, id := range o.places[chatSeq{ref.Chat, ref.Seq}] {
		found = append(found, o.rows[id].candidate())
	}
	return found
}

// lastSeqOf is database.lastSeqOf for the overlay.
func (o *overlay) lastSeqOf(chat protocol.Chat) (seq uint32) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, r := range o.rows {
		if r.ref.Chat == chat && !r.standIn {
			seq = max(seq, r.ref.Seq)
		}
	}
	return seq
}

// put keeps the row and drops the oldest ones that are over the bounds.
func (o *overlay) put(r row) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if old, ok := o.rows[r.id]; ok {
		o.bytes -= old.size()
	} else {
		at := chatSeq{r.ref.Chat, r.ref.Seq}
		o.places[at] = append(o.places[at], r.id)
		o.order = append(o.order, r.id)
	}
	o.rows[r.id] = r
	o.bytes += r.size()
	for len(o.order) > 1 && (len(o.order) > overlayRows || o.bytes > overlayBytes) {
		o.dropOldest()
	}
}

func (o *overlay) dropOldest() {
	id := o.order[0]
	o.order = o.order[1:]
	r := o.rows[id]
	delete(o.rows, id)
	o.bytes -= r.size()
	o.dropped++
	at := chatSeq{r.ref.Chat, r.ref.Seq}
	o.places[at] = slices.DeleteFunc(o.places[at], func(other int32) bool { return other == id })
	if len(o.places[at]) == 0 {
		delete(o.places, at)
	}
}

// content returns all rows in order, and how many were dropped since the last clear.
func (o *overlay) content() (kept []row, dropped int) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	kept = make([]row, len(o.order))
	for i, id := range o.order {
		kept[i] = o.rows[id]
	}
	return kept, o.dropped
}

func (o *overlay) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.rows)
	clear(o.places)
	o.order, o.bytes, o.dropped = nil, 0, 0
}
