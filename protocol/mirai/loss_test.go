package mirai

import (
	"bytes"
	"io"
	"strings"
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

// TestMissedMessagesAreTold: once for each login, and not those that came after all.
func TestMissedMessagesAreTold(t *testing.T) {
	var out bytes.Buffer
	p := newPlant(0)
	p.log = zerolog.New(&out)
	now := time.Unix(1_700_000_000, 0)
	login := func(newest, other uint32, early ...item) {
		i := onlineItem(newest)
		i.bases[testGroup+1], i.bases[testGroup+2] = other, 9 // nothing is ever said in the third
		p.take(now, append(early, i), nil)
	}
	login(20, 4)
	if out.Len() > 0 {
		t.Errorf("at the first login: %s", out.String())
	}
	p.take(now, []item{saidItem(groupRef(21)), {kind: session, event: protocol.Offline{}}}, nil)
	login(30, 6, saidItem(groupRef(29)), saidItem(groupRef(30))) // without 22 to 28
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"level":"warn","messages":9,"groups":2`) {
		t.Errorf("logged %s", got)
	}
	out.Reset()
	p.take(now, []item{{kind: session, event: protocol.Offline{}}}, nil)
	login(20, 6) // a server that forgot
	if out.Len() > 0 {
		t.Errorf("nothing was missed: %s", out.String())
	}
}

// TestOutageIsToldOnce: retries are not worth a line, but an outage is not forgotten either.
func TestOutageIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := bareDriver(t, zerolog.New(&out).Level(zerolog.InfoLevel))
		for _, reason := range []string{"first", "second"} {
			for range 3 * int(remindEvery/time.Minute) {
				d.lose(reason)
				<-time.After(time.Minute)
			}
			if got := out.String(); strings.Count(got, "\n") != 3 || strings.Count(got, `"level":"warn","reason":"`+reason+`"`) != 3 || !d.state.isTold() {
				t.Errorf("half an hour was told by %s", got)
			}
			out.Reset()
			d.state.online()
			if d.state.isTold() {
				t.Error("the outage goes on")
			}
		}
	})
}
