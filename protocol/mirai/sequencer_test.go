package mirai

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"echogate/protocol"
)

const testGroup protocol.GroupID = 30001

func testTiming() Timing { return Timing{}.withDefaults() }

func groupRef(seq uint32) protocol.Ref {
	return protocol.Ref{Chat: protocol.GroupChat(testGroup), Sender: 20001, Seq: seq, Random: seq * 7}
}

func friendRef(seq uint32, at int64) protocol.Ref {
	return protocol.Ref{Chat: protocol.PrivateChat(20001), Sender: 20001, Seq: seq, Random: seq * 7, Time: at}
}

func saidItem(r protocol.Ref) item {
	return item{kind: said, event: protocol.Received{Message: protocol.Message{Ref: r}}}
}

func recalledItem(r protocol.Ref) item {
	r.Random = 0
	return item{kind: recalled, event: protocol.Recalled{Ref: r}}
}

// names shows events as seqs, recalls as negative ones.
func names(events []protocol.Event) []int {
	list := []int{}
	for _, e := range events {
		switch e := e.(type) {
		case protocol.Received:
			list = append(list, int(e.Message.Ref.Seq))
		case protocol.Recalled:
			list = append(list, -int(e.Ref.Seq))
		}
	}
	return list
}

// line plays a sequencer against a made-up clock.
type line struct {
	*sequencer
	counts counters
	now    time.Time
	out    []protocol.Event

	history bool // there is one
	asked   []span
}

func newLine() *line {
	l := &line{now: time.Unix(1_700_000_000, 0)}
	l.sequencer = newSequencer(testTiming(), &l.counts, func(s span) bool {
		if l.history {
			l.asked = append(l.asked, s)
		}
		return l.history
	})
	return l
}

func (l *line) put(items ...item) {
	for _, i := range items {
		l.out = l.add(l.now, i, l.out)
	}
}

func (l *line) wait(d time.Duration) {
	for end := l.now.Add(d); ; {
		next, waits := l.deadline(true)
		if !waits || next.After(end) {
			l.now = end
			return
		}
		l.now = next
		l.out = l.due(l.now, true, l.out)
	}
}

func (l *line) check(t *testing.T, want ...int) {
	t.Helper()
	if got := names(l.out); !slices.Equal(got, want) {
		t.Errorf("passed on %v, want %v", got, want)
	}
}

func TestGroupInOrder(t *testing.T) {
	l := newLine()
	l.out = l.rebase(l.now, testGroup, 9, nil)
	l.put(saidItem(groupRef(10)), saidItem(groupRef(11)))
	l.check(t, 10, 11)
	l.put(saidItem(groupRef(14)), saidItem(groupRef(13)))
	l.check(t, 10, 11)
	l.put(saidItem(groupRef(12)))
	l.check(t, 10, 11, 12, 13, 14)
	l.put(saidItem(groupRef(13)), saidItem(groupRef(14)))
	l.check(t, 10, 11, 12, 13, 14)
	if r, d := l.counts.reordered.Load(), l.counts.duplicates.Load(); r != 2 || d != 2 {
		t.Errorf("%d reordered, %d duplicates", r, d)
	}
}

func TestGapIsGivenUp(t *testing.T) {
	gap, maxGap := testTiming().Gap, testTiming().MaxGap
	t.Run("when nothing comes", func(t *testing.T) {
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		l.put(saidItem(groupRef(2)), saidItem(groupRef(5)))
		l.wait(gap - 1)
		l.check(t)
		l.wait(1)
		l.check(t, 2, 5)
		l.put(saidItem(groupRef(3))) // late is better than lost
		l.check(t, 2, 5, 3)
		l.put(saidItem(groupRef(6)))
		l.check(t, 2, 5, 3, 6)
	})
	t.Run("later while messages are being decoded", func(t *testing.T) {
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		l.put(saidItem(groupRef(2)))
		for _, at := range []time.Duration{gap, unsettledGaps*gap - 1} {
			l.out = l.due(l.now.Add(at), false, l.out)
		}
		l.check(t)
		if next, waits := l.deadline(false); !waits || next.Sub(l.now) != unsettledGaps*gap {
			t.Errorf("deadline after %v", next.Sub(l.now))
		}
		l.out = l.due(l.now.Add(unsettledGaps*gap), false, l.out)
		l.check(t, 2)
	})
	t.Run("after a time when others go on", func(t *testing.T) {
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		seq := uint32(1)
		for spent := time.Duration(0); spent < maxGap; spent += gap / 2 {
			l.check(t)
			seq++
			l.put(saidItem(groupRef(seq)))
			l.wait(gap / 2)
		}
		if n := len(l.out); n < int(seq)-2 {
			t.Errorf("%d of %d passed on after %v", n, seq-1, maxGap)
		}
	})
	t.Run("when too many wait", func(t *testing.T) {
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		for seq := uint32(2); seq <= maxHeld+2; seq++ {
			l.put(saidItem(groupRef(seq)))
		}
		if n := len(l.out); n != maxHeld+1 {
			t.Errorf("%d passed on, want %d", n, maxHeld+1)
		}
	})
	t.Run("one gap after the other", func(t *testing.T) {
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		l.put(saidItem(groupRef(2)), saidItem(groupRef(4)))
		l.wait(gap / 2)
		l.put(saidItem(groupRef(3)))
		l.wait(gap)
		l.check(t, 2, 3, 4)
	})
}

func TestUnknownGroupWaitsForItsFirst(t *testing.T) {
	l := newLine()
	l.put(saidItem(groupRef(8)), saidItem(groupRef(7)))
	l.check(t)
	l.wait(time.Second)
	l.check(t, 7, 8)
	l.put(saidItem(groupRef(9)))
	l.check(t, 7, 8, 9)
}

func TestRebase(t *testing.T) {
	l := newLine()
	l.out = l.rebase(l.now, testGroup, 4, nil)
	l.put(saidItem(groupRef(5)), saidItem(groupRef(7)))
	l.out = l.rebase(l.now, testGroup, 20, l.out) // what was held comes out; 8 to 20 were never sent to us
	l.put(saidItem(groupRef(21)))
	l.check(t, 5, 7, 21)
	l.out = l.rebase(l.now, testGroup, 0, l.out) // a server that starts anew
	l.put(saidItem(groupRef(1)), saidItem(groupRef(3)), saidItem(groupRef(2)), saidItem(groupRef(21)))
	l.wait(time.Second)
	l.check(t, 5, 7, 21, 1, 2, 3, 21)
	if d := l.counts.duplicates.Load(); d != 0 {
		t.Errorf("%d duplicates", d)
	}
}

// TestLateAfterLogin has pushes on their way that the login's count of the group included already.
func TestLateAfterLogin(t *testing.T) {
	l := newLine()
	l.out = l.rebase(l.now, testGroup, 10, l.out)
	l.put(saidItem(groupRef(9)), saidItem(groupRef(11)), saidItem(groupRef(8)))
	l.check(t)
	l.put(saidItem(groupRef(10)))
	l.check(t)
	l.wait(testTiming().Gap)
	l.check(t, 8, 9, 10, 11)
	l.put(saidItem(groupRef(12)))
	l.check(t, 8, 9, 10, 11, 12)
}

func TestRecallDoesNotOvertake(t *testing.T) {
	for name, ref := range map[string]func(uint32) protocol.Ref{
		"group":   groupRef,
		"private": func(seq uint32) protocol.Ref { return friendRef(seq, 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine()
			l.out = l.rebase(l.now, testGroup, 0, nil)
			l.put(saidItem(ref(1)))
			l.wait(time.Second)
			l.put(recalledItem(ref(1)))
			l.check(t, 1, -1)
			l.put(recalledItem(ref(3)), saidItem(ref(3)), saidItem(ref(2)))
			l.check(t, 1, -1, 2, 3, -3)
			l.put(recalledItem(ref(9))) // its message never comes
			l.check(t, 1, -1, 2, 3, -3)
			l.wait(time.Second)
			l.check(t, 1, -1, 2, 3, -3, -9)
			l.put(saidItem(ref(4)))
			l.wait(time.Second)
			l.check(t, 1, -1, 2, 3, -3, -9, 4)
		})
	}
}

func TestPrivateOrder(t *testing.T) {
	l := newLine()
	l.put(saidItem(friendRef(12, 1001)), saidItem(friendRef(900, 1000)), saidItem(friendRef(11, 1001)))
	l.check(t)
	l.wait(testTiming().PrivateGap)
	l.check(t, 900, 11, 12)
	l.put(saidItem(friendRef(13, 1002)))
	l.check(t, 900, 11, 12, 13)
	other := friendRef(13, 1002) // the friend's other device uses the number, too
	other.Random = 1
	l.put(saidItem(other), saidItem(friendRef(13, 1002)))
	l.wait(time.Second)
	l.check(t, 900, 11, 12, 13, 13)
	self := protocol.Ref{Chat: protocol.PrivateChat(20001), Sender: 10001, Seq: 5, Random: 5, Time: 1003}
	l.put(saidItem(self))
	l.wait(time.Second)
	l.check(t, 900, 11, 12, 13, 13, 5)
}

func TestTwoPrivateMessagesUnderOneSeq(t *testing.T) {
	l := newLine()
	one, two := friendRef(5, 1000), friendRef(5, 1000)
	two.Random = 99
	l.put(saidItem(one), saidItem(two), saidItem(one))
	l.wait(time.Second)
	l.check(t, 5, 5)
}

func TestChatsDoNotHoldEachOther(t *testing.T) {
	l := newLine()
	l.out = l.rebase(l.now, testGroup, 0, nil)
	l.out = l.rebase(l.now, testGroup+1, 0, l.out)
	other := groupRef(1)
	other.Chat = protocol.GroupChat(testGroup + 1)
	l.put(saidItem(groupRef(2)), saidItem(other))
	l.check(t, 1)
}

// TestAnyOrder: whatever the order and however often, each message comes out once, in order, if nothing is missing.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 + r.IntN(200)
		var items []item
		recalls := 0
		for seq := range n {
			for range 1 + r.IntN(3) {
				items = append(items, saidItem(groupRef(uint32(seq+1))))
			}
			if r.IntN(10) == 0 {
				items = append(items, recalledItem(groupRef(uint32(seq+1))))
				recalls++
			}
		}
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		l := newLine()
		l.out = l.rebase(l.now, testGroup, 0, nil)
		for _, i := range items {
			l.put(i)
			l.wait(time.Duration(r.IntN(10)) * time.Millisecond)
		}
		next, back := 1, 0
		for _, name := range names(l.out) {
			switch {
			case name < 0:
				back++
				if -name >= next {
					t.Fatalf("seed %d: recall of %d before the message", seed, -name)
				}
			case name != next:
				t.Fatalf("seed %d: %d came when %d was next", seed, name, next)
			default:
				next++
			}
		}
		if next != n+1 || back != recalls || l.counts.duplicates.Load() == 0 && len(items) > n+recalls {
			t.Fatalf("seed %d: %d messages and %d recalls, want %d and %d", seed, next-1, back, n, recalls)
		}
	}
}

// TestNothingIsLost: with gaps and waits, what comes out is what went in, without doubles.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		l := newLine()
		want := map[int]bool{}
		for range 200 {
			seq := uint32(1 + r.IntN(400))
			ref := groupRef(seq)
			if r.IntN(2) == 0 {
				ref = friendRef(seq+1000, int64(r.IntN(50)))
			}
			want[int(ref.Seq)] = true
			l.put(saidItem(ref))
			l.wait(time.Duration(r.IntN(60)) * time.Millisecond)
		}
		l.out = l.flush(l.out)
		got := names(l.out)
		slices.Sort(got)
		if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) != len(want) {
			t.Fatalf("seed %d: %d came out of %d", seed, len(got), len(want))
		}
	}
}
