package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"
)

// lane is a Handler whose calls run one after the other, in the order of their frames, and obey Call's contract.
type lane struct {
	turn chan struct{} // holds one token
	work time.Duration // how long each call takes
	log  chan string
}

func newLane(work time.Duration) *lane {
	l := &lane{turn: make(chan struct{}, 1), work: work, log: make(chan string, 1000)}
	l.turn <- struct{}{}
	return l
}

func (l *lane) Accept(frame []byte) Call {
	return func(ctx context.Context) []byte {
		select {
		case <-l.turn:
		case <-ctx.Done():
			l.log <- "gave up"
			return nil
		}
		defer func() { l.turn <- struct{}{} }()
		sleep(context.WithoutCancel(ctx), l.work)
		l.log <- "finished"
		return frame
	}
}

// logged returns the sorted entries of the lane's log.
func (l *lane) logged(n int) []string {
	var all []string
	for range n {
		all = append(all, <-l.log)
	}
	slices.Sort(all)
	return all
}

func TestDyingLinkFinishesWhatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		o, l := options(b.dial), newLane(10*time.Second)
		o.Handler = func(string) Handler { return l }
		f := start(t, o, b.config("x"))
		s := b.session()
		for range 4 {
			s.send("action")
		}
		sleep(t.Context(), time.Second)
		s.kill()
		since := time.Now()
		again := b.session()
		if d := time.Since(since); d > time.Second {
			t.Errorf("old calls delayed the new link by %v", d)
		}
		if got := l.logged(4); !slices.Equal(got, []string{"finished", "gave up", "gave up", "gave up"}) {
			t.Errorf("calls %q", got)
		}
		again.expect(lifecycle)
		again.send("new")
		again.expect("new") // and none of the old
		if n := f.Status()[0].AnswersDropped; n != 4 {
			t.Errorf("%d answers dropped, want 4", n)
		}
	})
}

func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		o, l := options(b.dial), newLane(2*time.Second)
		o.Handler = func(string) Handler { return l }
		f := start(t, o, b.config("x"))
		s := b.session()
		s.expect(lifecycle)
		s.send("1")
		s.send("2")
		synctest.Wait()
		f.quit()
		f.publish("the last event")
		synctest.Wait()
		s.send("too late")
		s.expect("the last event", "1", "2")
		<-f.done
		if ce := (websocket.CloseError{}); !errors.As(s.end(), &ce) || ce.Code != websocket.StatusGoingAway {
			t.Errorf("closed with %v", s.err)
		}
		if len(s.frames) != 0 || len(l.log) != 2 {
			t.Errorf("the late action was executed: %d frames, %d calls", len(s.frames), len(l.log))
		}
	})
}

func TestShutdownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		o, l := options(b.dial), newLane(8*time.Second)
		o.Handler = func(string) Handler { return l }
		f := start(t, o, b.config("x"))
		s := b.session()
		s.send("takes 8 s")
		s.send("never begins")
		synctest.Wait()
		since := time.Now()
		f.quit()
		_ = s.end()
		if d := time.Since(since); d != drainTimeout {
			t.Errorf("closed after %v, want %v", d, drainTimeout)
		}
		<-f.done
		if d := time.Since(since); d != 8*time.Second {
			t.Errorf("Run returned after %v, want to wait for the call that had begun", d)
		}
		if got := l.logged(2); !slices.Equal(got, []string{"finished", "gave up"}) {
			t.Errorf("calls %q", got)
		}
		if n := f.Status()[0].AnswersDropped; n != 2 {
			t.Errorf("%d answers dropped, want 2", n)
		}
	})
}

// TestShutdownDoesNotWaitForCloseFrame has a bot that never closes its side, as ZeroBot's server.
func TestShutdownDoesNotWaitForCloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		b.mute = true
		f := start(t, options(b.dial), b.config("x"))
		s := b.session()
		s.send("hello")
		if _, _, err := s.ws.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			for buf := make([]byte, 4096); ; { // reads, and reacts to nothing
				if _, err := s.conn.Read(buf); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		since := time.Now()
		f.stop()
		if d := time.Since(since); d != closeTimeout {
			t.Errorf("stopped after %v, want %v", d, closeTimeout)
		}
		<-drained // the TCP connection was closed
		s.ws.CloseNow()
	})
}

// TestStaleAnswers is the scenario in which go-cqhttp answers on the wrong connection.
func TestStaleAnswers(t *testing.T) {
	b := newBot(t)
	o := options(nil)
	hold := make(chan struct{})
	o.Handler = func(string) Handler {
		return handlerFunc(func(frame []byte) Call {
			if strings.HasPrefix(string(frame), "old") {
				return func(context.Context) []byte { <-hold; return frame }
			}
			return echo(frame)
		})
	}
	f := start(t, o, b.config("x"))
	s := b.session()
	for i := range 4 {
		s.send(fmt.Sprint("old-", i))
	}
	f.await("connected", connected)
	s.kill()
	s = b.session()
	s.expect(lifecycle)
	close(hold)
	f.await("old calls to end", func(s EndpointStatus) bool { return s.AnswersDropped == 4 })
	s.send("new")
	s.expect("re:new")
}

// counted is a connection that is counted while it is open.
type counted struct {
	net.Conn
	closed func()
}

func (c counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

func TestNeverTwoLiveConnections(t *testing.T) {
	b := newBot(t)
	conf := b.config("x")
	conf.Reconnect = Reconnect{Min: time.Millisecond, Max: time.Millisecond}
	var live atomic.Int32
	f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n := live.Load(); n != 0 {
			t.Errorf("dialled while %d connections are open", n)
		}
		conn, err := systemDial()(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		live.Add(1)
		return counted{conn, sync.OnceFunc(func() { live.Add(-1) })}, nil
	}), conf)
	for i := range 200 {
		s := b.session()
		s.send("action in flight")
		if i%2 == 0 {
			s.kill()
		} else {
			s.ws.Close(websocket.StatusServiceRestart, "")
			_ = s.end()
		}
	}
	b.session().expect(lifecycle)
	f.stop()
	if n := live.Load(); n != 0 {
		t.Errorf("%d connections are open after Run", n)
	}
}

func TestPanicsAreSurvived(t *testing.T) {
	b := newBot(t)
	o := options(nil)
	o.Handler = func(string) Handler {
		return handlerFunc(func(frame []byte) Call {
			switch string(frame) {
			case "accept":
				panic("in accept")
			case "call":
				return func(context.Context) []byte { panic(errors.New("in call")) }
			case "nothing":
				return nil
			}
			return echo(frame)
		})
	}
	f := start(t, o, b.config("x"))
	s := b.session()
	for _, frame := range []string{"accept", "call", "nothing", "ok"} {
		s.send(frame)
	}
	s.expect(lifecycle, "re:ok")
	f.await("panics", func(s EndpointStatus) bool { return s.Panics == 2 && s.Connected })
	for _, want := range []string{"in accept", "in call", "calls_test.go"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("log lacks %q: %s", want, f.log)
		}
	}
}

func TestFramesAreAcceptedInOrder(t *testing.T) {
	b := newBot(t)
	o := options(nil)
	var accepted []string // by the reader alone
	var running atomic.Int32
	o.Handler = func(string) Handler {
		return handlerFunc(func(frame []byte) Call {
			accepted = append(accepted, string(frame))
			seen := strings.Join(accepted, " ")
			return func(context.Context) []byte {
				running.Add(1)
				return []byte(seen)
			}
		})
	}
	start(t, o, b.config("x"))
	s := b.session()
	var want []string
	for i := range 200 {
		want = append(want, fmt.Sprint(i))
		if err := s.ws.Write(t.Context(), websocket.MessageType(1+i%2), []byte(want[i])); err != nil { // text and binary
			t.Fatal(err)
		}
	}
	s.expect(lifecycle)
	longest := ""
	for range 200 {
		longest = max(longest, s.next())
	}
	if longest != strings.Join(want, " ") || running.Load() != 200 {
		t.Errorf("accepted %s", longest)
	}
}

// TestUnansweredCallsAreBounded has a bot that asks more than a link remembers.
func TestUnansweredCallsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		o := options(b.dial)
		var accepted atomic.Int32
		hold := make(chan struct{})
		o.Handler = func(string) Handler {
			return handlerFunc(func(frame []byte) Call {
				accepted.Add(1)
				return func(context.Context) []byte { <-hold; return frame }
			})
		}
		conf := b.config("x")
		conf.PingInterval = 0
		start(t, o, conf)
		s := b.session()
		s.expect(lifecycle)
		go func() {
			for range maxCalls + 100 {
				if s.ws.Write(t.Context(), websocket.MessageText, []byte("a")) != nil {
					t.Error("link broke")
					return
				}
			}
		}()
		synctest.Wait()
		if n := accepted.Load(); n != maxCalls {
			t.Errorf("%d frames accepted while none is answered, want %d", n, maxCalls)
		}
		close(hold)
		for range maxCalls + 100 {
			s.expect("a")
		}
	})
}
