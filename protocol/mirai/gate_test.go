package mirai

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestGateLimitsWhatFlies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(newInbox())
		g.arrived(true) // before the driver runs nothing waits
		stopped := make(chan struct{})
		g.open(stopped)
		for range maxFlying {
			g.arrived(true)
		}
		passed := make(chan struct{})
		go func() { g.arrived(true); close(passed) }()
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("one too many flies")
		default:
		}
		if g.settled() {
			t.Error("settled while messages fly")
		}
		g.handled()
		<-passed
		for range maxFlying {
			g.handled()
		}
		if !g.settled() {
			t.Error("not settled")
		}
		g.handled() // more reports than packets, as after a reset
		g.arrived(true)
		if g.settled() {
			t.Error("settled below nothing")
		}
		<-time.After(stuckAfter)
		if !g.settled() {
			t.Error("a message that was never decoded is still awaited")
		}
	})
}

func TestGateDoesNotWaitForMessagesThatCannotBeDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(newInbox())
		g.open(make(chan struct{}))
		began := time.Now()
		for range maxFlying + 1 {
			g.arrived(true)
		}
		if d := time.Since(began); d != stuckAfter {
			t.Errorf("waited %v, want %v", d, stuckAfter)
		}
	})
}

func TestGateClosesWhileTheReceiverIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox()
		g := newGate(box)
		stopped := make(chan struct{})
		g.open(stopped)
		for range maxInbox + 1 {
			box.put(item{})
		}
		for range 2 {
			passed := make(chan struct{})
			go func() { g.arrived(false); close(passed) }()
			synctest.Wait()
			if !g.isClosed() {
				t.Fatal("the gate is open although nothing is taken out")
			}
			if n := len(box.take(true)); n != maxInbox+1 {
				t.Fatalf("%d items", n)
			}
			<-passed
			if g.isClosed() {
				t.Error("the gate stays closed")
			}
			for range maxInbox + 1 {
				box.put(item{})
			}
		}
		time.AfterFunc(time.Second, func() { close(stopped) })
		g.arrived(false) // ends with the driver
	})
}

// TestGateReadsOnDuringLogin: the answers that let messages be decoded come behind further messages.
func TestGateReadsOnDuringLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(newInbox())
		g.open(make(chan struct{}))
		g.setBlind(true)
		began := time.Now()
		for range maxBlind {
			g.arrived(true)
		}
		if d, want := time.Since(began), (maxBlind/maxFlying-1)*blindWait; d != want {
			t.Errorf("%d were read in %v, want %v", maxBlind, d, want)
		}
		for range maxBlind - 1 {
			g.handled()
		}
		if g.settled() {
			t.Error("settled while a message flies")
		}
		g.handled()
		if !g.settled() {
			t.Error("not settled")
		}
		g.setBlind(false)
		began = time.Now()
		for range maxFlying + 1 {
			g.arrived(true)
		}
		if d := time.Since(began); d != stuckAfter {
			t.Errorf("after the login it waited %v, want %v", d, stuckAfter)
		}
		g.setBlind(true)
		began = time.Now()
		for range maxBlind + 1 {
			g.arrived(true)
		}
		if d := time.Since(began); d < stuckAfter {
			t.Errorf("without a limit: %v", d)
		}
	})
}
