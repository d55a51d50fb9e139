package mirai

import (
	"slices"

	"echogate/protocol"
)

// window remembers which of a group's last seqs were passed on, one bit each, so that a double is recognized. Whatever
// has the same seq in a group is the same message.
type window struct {
	end  uint32 // one above the highest seq that was passed on
	bits []uint64
}

// windowSize is how many seqs a window spans: more than one message is ever late while others go on.
const windowSize = maxHeld

func (w *window) has(seq uint32) bool {
	return seq < w.end && w.end-seq <= windowSize && w.bits[seq%windowSize/64]&(1<<(seq%64)) != 0
}

// add notes a seq. One too old for the window is not noted.
func (w *window) add(seq uint32) {
	if w.bits == nil {
		w.bits = make([]uint64, windowSize/64)
	}
	if seq >= w.end {
		if seq-w.end >= windowSize {
			clear(w.bits)
		} else {
			for s := w.end; s <= seq; s++ {
				w.bits[s%windowSize/64] &^= 1 << (s % 64)
			}
		}
		w.end = seq + 1
	}
	if w.end-seq <= windowSize {
		w.bits[seq%windowSize/64] |= 1 << (seq % 64)
	}
}

// nameList remembers the last messages that were passed on of one direction of a private chat, whose seqs may repeat.
type nameList struct {
	list   []name // oldest overwritten first, from oldest on
	oldest int
}

// name identifies a message among those of one sender in one chat.
type name struct{ seq, random uint32 }

// maxNames is how many messages a nameList holds: MiraiGo doubles only what one synchronization brings.
const maxNames = 512

func nameOf(r protocol.Ref) name { return name{r.Seq, r.Random} }

func (n *nameList) add(r protocol.Ref) {
	if len(n.list) < maxNames {
		n.list = append(n.list, nameOf(r))
		return
	}
	n.list[n.oldest] = nameOf(r)
	n.oldest = (n.oldest + 1) % maxNames
}

func (n *nameList) has(r protocol.Ref) bool { return slices.Contains(n.list, nameOf(r)) }

func (n *nameList) hasSeq(seq uint32) bool {
	return slices.ContainsFunc(n.list, func(m name) bool { return m.seq == seq })
}
