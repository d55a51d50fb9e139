package actions

import (
	"context"
	"testing"

	"echogate/protocol"
)

func isReady(t *turn) bool {
	select {
	case <-t.ready:
		return true
	default:
		return false
	}
}

// ready lists which turns have come, as a string of 0 and 1.
func ready(turns ...*turn) string {
	b := make([]byte, 0, len(turns))
	for _, t := range turns {
		if isReady(t) {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	return string(b)
}

func TestLanesKeepOrderPerChat(t *testing.T) {
	l := newLanes()
	one, two := protocol.GroupChat(1), protocol.GroupChat(2)
	a, b, c, d := l.take(one), l.take(one), l.take(two), l.take(one)
	step := func(want string) {
		t.Helper()
		if got := ready(a, b, c, d); got != want {
			t.Errorf("ready %s, want %s", got, want)
		}
	}
	step("1010")
	b.leave() // given up while it waited
	step("1010")
	a.leave()
	step("1011")
	c.leave()
	d.leave()
	if len(l.chats) != 0 || len(l.open) != 0 {
		t.Errorf("left behind: %v %v", l.chats, l.open)
	}
}

func TestOpenTurnHoldsUpWhatCameLater(t *testing.T) {
	l := newLanes()
	one, two := protocol.GroupChat(1), protocol.GroupChat(2)
	before := l.take(one)
	open, second := l.takeOpen(), l.takeOpen()
	sameChat, otherChat := l.take(one), l.take(two)
	step := func(want string) {
		t.Helper()
		if got := ready(before, open, second, sameChat, otherChat); got != want {
			t.Errorf("ready %s, want %s", got, want)
		}
	}
	step("10000")
	second.settle(two)
	step("10000") // the first open turn may still turn out to be of chat two
	open.settle(one)
	step("10100")
	before.leave()
	step("11100")
	open.leave()
	step("11110")
	second.leave()
	step("11111")
	third := l.takeOpen()
	fourth := l.takeOpen()
	fourth.leave() // its message does not exist
	third.settle(two)
	otherChat.leave()
	if !isReady(third) {
		t.Error("the last turn has not come")
	}
}

func TestWaitPrefersTheContext(t *testing.T) {
	l := newLanes()
	turn := l.take(protocol.GroupChat(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if turn.wait(ctx) == nil {
			t.Fatal("a turn began after its context had ended")
		}
	}
}
