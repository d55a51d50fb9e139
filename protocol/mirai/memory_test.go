package mirai

import (
	"math/rand/v2"
	"testing"
	"time"

	"echogate/protocol"
)

func TestWindow(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		var w window
		added := map[uint32]bool{}
		high := uint32(0)
		for at := uint32(1 + r.IntN(1000)); len(added) < 3000; at += uint32(r.IntN(40)) {
			if r.IntN(500) == 0 {
				at += uint32(r.IntN(3 * windowSize))
			}
			seq := at - min(at, uint32(r.IntN(100))) // some are late
			w.add(seq)
			added[seq] = true
			high = max(high, seq)
		}
		for seq := high - min(high, 2*windowSize); seq <= high+5; seq++ {
			if want := added[seq] && high-seq < windowSize; w.has(seq) != want {
				t.Fatalf("seed %d: has(%d) = %v with the highest at %d", seed, seq, !want, high)
			}
		}
		if len(w.bits) != windowSize/64 {
			t.Fatalf("%d words", len(w.bits))
		}
	}
}

func TestNameList(t *testing.T) {
	var n nameList
	for seq := uint32(1); seq <= 3*maxNames; seq++ {
		n.add(friendRef(seq, 0))
		if first := max(seq, maxNames) - maxNames + 1; !n.has(friendRef(seq, 0)) || !n.hasSeq(first) || n.hasSeq(first-1) {
			t.Fatalf("after %d", seq)
		}
	}
	other := friendRef(3*maxNames, 0)
	other.Random++
	if n.has(other) || cap(n.list) > 2*maxNames {
		t.Errorf("capacity %d", cap(n.list))
	}
}

// TestOldNameDoesNotTakeNewerOnesAlong: a seq that was used again long after its first use stays known.
func TestOldNameDoesNotTakeNewerOnesAlong(t *testing.T) {
	l := newLine()
	again := friendRef(1, 2000)
	again.Random = 99
	l.put(saidItem(friendRef(1, 1000)))
	for seq := uint32(2); seq <= maxNames; seq++ {
		l.put(saidItem(friendRef(seq, 1000)))
	}
	l.wait(time.Second)
	l.put(saidItem(again))
	l.wait(time.Second)
	before := len(l.out)
	l.put(saidItem(again))
	l.wait(time.Second)
	if len(l.out) != before {
		t.Error("a double was passed on")
	}
}

func TestIdlePrivateChatsAreForgotten(t *testing.T) {
	l := newLine()
	l.out = l.rebase(l.now, testGroup, 0, nil)
	from := func(u protocol.UserID) item {
		return saidItem(protocol.Ref{Chat: protocol.PrivateChat(u), Sender: u, Seq: 1, Random: 1})
	}
	l.put(from(1), from(2))
	l.wait(forgetAfter - time.Minute)
	l.put(saidItem(protocol.Ref{Chat: protocol.PrivateChat(2), Sender: 2, Seq: 2, Random: 2}))
	l.wait(2 * time.Minute)
	l.put(from(3))
	l.wait(time.Second)
	for space, known := range map[seqSpace]bool{
		{protocol.PrivateChat(1), 1}: false, {protocol.PrivateChat(2), 2}: true, {protocol.PrivateChat(3), 3}: true,
		{chat: protocol.GroupChat(testGroup)}: true,
	} {
		if (l.spaces[space] != nil) != known {
			t.Errorf("%+v is known: %v", space, !known)
		}
	}
}
