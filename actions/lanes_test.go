package actions

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

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

func (l *lanes) takeClaimed(chat protocol.Chat, deadline time.Time) *turn {
	t := l.take(chat, deadline)
	t.claim()
	return t
}

func TestLanesKeepOrderPerChat(t *testing.T) {
	l, later := newLanes(), time.Now().Add(time.Hour)
	one, two := protocol.GroupChat(1), protocol.GroupChat(2)
	a, b, c, d := l.takeClaimed(one, later), l.takeClaimed(one, later), l.takeClaimed(two, later), l.takeClaimed(one, later)
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
	l, later := newLanes(), time.Now().Add(time.Hour)
	one, two := protocol.GroupChat(1), protocol.GroupChat(2)
	before := l.takeClaimed(one, later)
	open, second := l.takeOpen(later), l.takeOpen(later)
	open.claim()
	second.claim()
	sameChat, otherChat := l.takeClaimed(one, later), l.takeClaimed(two, later)
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
	third := l.takeOpen(later)
	fourth := l.takeOpen(later)
	third.claim()
	fourth.claim()
	fourth.leave() // its message does not exist
	third.settle(two)
	otherChat.leave()
	if !isReady(third) {
		t.Error("the last turn has not come")
	}
}

// TestUnclaimedTurns: a call that is never run does not block its chat for ever.
func TestUnclaimedTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, one := newLanes(), protocol.GroupChat(1)
		soon := time.Now().Add(time.Second)
		lost, lostOpen := l.take(one, soon), l.takeOpen(soon)
		waiting := l.takeClaimed(one, soon.Add(time.Second))
		early := l.takeClaimed(protocol.GroupChat(2), soon)
		if got := ready(lost, lostOpen, waiting, early); got != "1000" {
			t.Errorf("ready %s", got)
		}
		ctx, cancel := context.WithDeadline(t.Context(), soon)
		defer cancel()
		if early.wait(ctx) == nil {
			t.Error("a turn came behind an open one")
		}
		early.leave()
		if !isReady(waiting) {
			t.Error("the turn behind two lost ones has not come")
		}
		lost.leave()
		if next := l.take(one, soon.Add(time.Second)); isReady(next) {
			t.Error("two turns of one chat at once")
		}
	})
}

func TestWaitPrefersTheContext(t *testing.T) {
	l := newLanes()
	turn := l.takeClaimed(protocol.GroupChat(1), time.Now().Add(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if turn.wait(ctx) == nil {
			t.Fatal("a turn began after its context had ended")
		}
	}
}
