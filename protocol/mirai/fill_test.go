package mirai

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
)

// filledItem is the history's answer to a span.
func filledItem(s span, seqs ...uint32) item {
	i := item{kind: filled, span: s}
	for _, seq := range seqs {
		i.found = append(i.found, protocol.Message{Ref: groupRef(seq)})
	}
	return i
}

func span30001(from, to uint32) span { return span{testGroup, from, to} }

func (l *line) checkAsked(t *testing.T, want ...span) {
	t.Helper()
	if !slices.Equal(l.asked, want) {
		t.Errorf("asked for %+v, want %+v", l.asked, want)
	}
}

// gappy is a line with a history whose group waits for 1, 3 and 4.
func gappy(t *testing.T) *line {
	t.Helper()
	l := newLine()
	l.history = true
	l.out = l.rebase(l.now, testGroup, 0, nil)
	l.put(saidItem(groupRef(2)), saidItem(groupRef(5)))
	l.wait(testTiming().Gap - 1)
	l.checkAsked(t)
	l.wait(1)
	l.checkAsked(t, span30001(1, 4))
	l.check(t)
	return l
}

func TestGapIsFilledFromTheHistory(t *testing.T) {
	t.Run("in order", func(t *testing.T) {
		l := gappy(t)
		l.put(filledItem(span30001(1, 4), 1, 2, 3)) // 4 was recalled
		l.check(t, 1, 2, 3, 5)
		l.put(saidItem(groupRef(3)), saidItem(groupRef(6))) // MiraiGo found out after all
		l.check(t, 1, 2, 3, 5, 6)
	})
	t.Run("not twice", func(t *testing.T) {
		l := gappy(t)
		l.put(filledItem(span30001(1, 4)))
		l.check(t, 2, 5)
		l.put(saidItem(groupRef(7)))
		l.wait(testTiming().Gap)
		l.checkAsked(t, span30001(1, 4), span30001(6, 6))
	})
	t.Run("not after it closed by itself", func(t *testing.T) {
		l := gappy(t)
		l.put(saidItem(groupRef(1)), saidItem(groupRef(3)), saidItem(groupRef(4)), saidItem(groupRef(8)))
		l.check(t, 1, 2, 3, 4, 5)
		l.put(filledItem(span30001(1, 4), 1, 2, 3, 4))
		l.wait(testTiming().Gap)
		l.check(t, 1, 2, 3, 4, 5)
		l.checkAsked(t, span30001(1, 4), span30001(6, 7)) // the next gap has its own turn
	})
	t.Run("not after too long", func(t *testing.T) {
		l := gappy(t)
		l.wait(fillWait - 1)
		l.check(t)
		l.wait(1)
		l.check(t, 2, 5)
		l.put(filledItem(span30001(1, 4), 1, 2, 3, 4))
		l.check(t, 2, 5)
	})
	t.Run("not in another session", func(t *testing.T) {
		l := gappy(t)
		l.out = l.rebase(l.now, testGroup, 20, l.out)
		l.put(filledItem(span30001(1, 4), 1), filledItem(span{group: 1, from: 1, to: 4}, 1), saidItem(groupRef(21)))
		l.check(t, 2, 5, 21)
	})
	t.Run("not when it is too large to be a loss", func(t *testing.T) {
		l := newLine()
		l.history = true
		l.out = l.rebase(l.now, testGroup, 0, nil)
		l.put(saidItem(groupRef(maxFill + 2)))
		l.wait(testTiming().Gap)
		l.checkAsked(t)
		l.put(saidItem(groupRef(2*maxFill+3)), saidItem(groupRef(2*maxFill+5)), saidItem(groupRef(3*maxFill)))
		l.wait(testTiming().Gap)
		l.checkAsked(t, span30001(maxFill+3, 2*maxFill+2))
		l.put(filledItem(span30001(maxFill+3, 2*maxFill+2)))
		l.wait(0)
		l.checkAsked(t, span30001(maxFill+3, 2*maxFill+2), span30001(2*maxFill+4, 3*maxFill-1)) // and no pause between
	})
}

// TestLossesAreMadeGood: whatever is lost, each message that the history has comes out once, in order.
func TestLossesAreMadeGood(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		l := newLine()
		l.history = true
		l.out = l.rebase(l.now, testGroup, 0, nil)
		gone := map[uint32]bool{} // not even in the history
		var late []uint32
		const n = 300
		for seq := uint32(1); seq <= n; seq++ {
			switch gone[seq] = seq < n && r.IntN(30) == 0; {
			case gone[seq]:
			case seq < n && r.IntN(3) == 0:
				late = append(late, seq) // or not at all
			default:
				l.put(saidItem(groupRef(seq)))
			}
			l.wait(time.Duration(r.IntN(40)) * time.Millisecond)
			if len(late) > 0 && r.IntN(4) == 0 {
				l.put(saidItem(groupRef(late[r.IntN(len(late))])))
			}
			if r.IntN(10) == 0 || seq == n {
				for l.wait(time.Second); len(l.asked) > 0; l.wait(time.Second) {
					s := l.asked[0]
					l.asked = l.asked[1:]
					var have []uint32
					for at := s.from; at <= s.to; at++ {
						if !gone[at] {
							have = append(have, at)
						}
					}
					l.put(filledItem(s, have...))
				}
			}
		}
		next := uint32(1)
		for _, got := range names(l.out) {
			for ; gone[next]; next++ {
				continue
			}
			if uint32(got) != next {
				t.Fatalf("seed %d: %d came when %d was next", seed, got, next)
			}
			next++
		}
		if next != n+1 {
			t.Fatalf("seed %d: it ends before %d", seed, next)
		}
	}
}

func TestFillerAsksBitByBit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type report struct {
			span  span
			found []protocol.Message
		}
		reports := make(chan report, fillQueue)
		var asked []span
		f := &filler{
			wanted: make(chan span, fillQueue),
			history: func(ctx context.Context, g protocol.GroupID, from, to uint32) ([]protocol.Message, error) {
				asked = append(asked, span{g, from, to})
				switch g {
				case 1: // has each first one
					return []protocol.Message{{Ref: protocol.Ref{Seq: from}}}, nil
				case 2:
					<-ctx.Done()
					return nil, ctx.Err()
				default:
					return nil, errors.New("refused")
				}
			},
			report: func(s span, found []protocol.Message) { reports <- report{s, found} },
		}
		for range fillQueue {
			if !f.ask(span{1, 5, 49}) {
				t.Error("there is room")
			}
		}
		if f.ask(span{1, 5, 49}) {
			t.Error("there is no room")
		}
		for range fillQueue - 1 {
			<-f.wanted
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.run(ctx) })
		began := time.Now()
		r := <-reports
		if len(r.found) != 3 || !slices.Equal(asked, []span{{1, 5, 24}, {1, 25, 44}, {1, 45, 49}}) || time.Since(began) != 2*fillPause {
			t.Errorf("found %d by %+v in %v", len(r.found), asked, time.Since(began))
		}
		f.ask(span{2, 1, 1})
		if r := <-reports; len(r.found) != 0 || time.Since(began) != 2*fillPause+fillWait {
			t.Errorf("%+v after %v", r, time.Since(began))
		}
		asked = nil
		f.ask(span{3, 1, maxFill})
		if r := <-reports; len(r.found) != 0 || len(asked) != 1 || r.span != (span{3, 1, maxFill}) {
			t.Errorf("%+v by %+v", r, asked)
		}
		f.ask(span{2, 1, 1})
		cancel() // ends what is under way
		running.Wait()
	})
}
