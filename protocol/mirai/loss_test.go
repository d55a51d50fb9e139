package mirai

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

// TestLossWaitsForWhatIsBeingDecoded: what was read before the connection broke comes before the loss, and before all that
// the next connection brings.
func TestLossWaitsForWhatIsBeingDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := bareDriver(t, zerolog.Nop())
		d.state.begin(protocol.Account{})
		lost, err := d.state.current()
		if err != nil {
			t.Fatal(err)
		}
		d.state.online()
		d.gate.arrived(true)
		time.AfterFunc(stuckAfter/2, func() {
			select {
			case <-lost:
			default:
				t.Error("calls still wait for an answer")
			}
			d.inbox.put(saidItem(groupRef(1)))
			d.gate.handled()
		})
		reconnected := false
		d.onBreak(nil, io.EOF, func() {
			reconnected = true
			d.inbox.put(saidItem(groupRef(5)))
		})
		first := d.inbox.take(true)
		if len(first) != 2 || first[0].kind != said || first[1].kind != session || !reconnected {
			t.Errorf("%+v came first, reconnected: %v", first, reconnected)
		}
		if why := <-d.signals.broke; why != "the connection broke: EOF" {
			t.Errorf("the break is %q", why)
		}
		d.lose("again")
		if rest := d.inbox.take(true); len(rest) != 1 || rest[0].kind != said {
			t.Errorf("then came %+v", rest)
		}
	})
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(newInbox())
		stopped := make(chan struct{})
		g.open(stopped)
		began := time.Now()
		g.settle(time.Second)
		if time.Since(began) != 0 {
			t.Error("it waited for nothing")
		}
		g.arrived(true)
		done := make(chan struct{})
		go func() { // messages go on coming
			for {
				select {
				case <-done:
					return
				case <-time.After(stuckAfter / 2):
					g.arrived(true)
				}
			}
		}()
		g.settle(time.Second)
		if d := time.Since(began); d != time.Second {
			t.Errorf("it waited %v", d)
		}
		close(stopped)
		g.settle(time.Second)
		if d := time.Since(began); d != time.Second {
			t.Errorf("it waited %v in all, after the end", d)
		}
		close(done)
	})
}
