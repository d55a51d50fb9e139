package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lossy is a connection over a path that can break without anybody being told.
type lossy struct {
	net.Conn
	broken chan struct{}
	shut   chan struct{}
	once   sync.Once
}

func (l *lossy) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	select {
	case <-l.broken:
		<-l.shut
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (l *lossy) Write(p []byte) (int, error) {
	select {
	case <-l.broken:
		return len(p), nil // into the send buffer, and no further
	default:
		return l.Conn.Write(p)
	}
}

func (l *lossy) Close() error {
	l.once.Do(func() { close(l.shut) })
	return l.Conn.Close()
}

func TestHalfOpenLinkIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		broken := make(chan struct{})
		var once sync.Once
		o := options(func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
			conn, err = b.dial(ctx, network, addr)
			once.Do(func() { conn = &lossy{Conn: conn, broken: broken, shut: make(chan struct{})} })
			return conn, err
		})
		conf := b.config("x")
		f := start(t, o, conf)
		s := b.session()
		s.expect(lifecycle)
		f.await("connected", connected)
		sleep(t.Context(), time.Hour) // pings keep it
		if n := b.handshakes.Load(); n != 1 {
			t.Fatalf("%d handshakes on a good path", n)
		}
		close(broken)
		since := time.Now()
		b.session().expect(lifecycle)
		if d, most := time.Since(since), conf.PingInterval+conf.PongTimeout+time.Second; d > most || d < conf.PongTimeout {
			t.Errorf("noticed after %v, want at most %v", d, most)
		}
		if err := s.end(); err == nil {
			t.Error("the old connection was left open")
		}
	})
}

// TestBusyFarSideIsSpared has a bot which never gets round to answering pings, but still sends now and then.
func TestBusyFarSideIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		b.mute = true
		conf := b.config("x")
		start(t, options(b.dial), conf)
		s := b.session()
		go func() { _, _ = io.Copy(io.Discard, s.conn) }()
		for range 30 {
			s.send("busy")
			sleep(t.Context(), conf.PongTimeout-10*time.Second)
		}
		if n := b.handshakes.Load(); n != 1 {
			t.Fatalf("%d handshakes although the far side was alive", n)
		}
		s.send("last")
		since := time.Now()
		b.session().ws.CloseNow()
		if d := time.Since(since); d > conf.PingInterval+2*conf.PongTimeout {
			t.Errorf("silence noticed after %v", d)
		}
		s.ws.CloseNow()
	})
}

func TestStuckWriteEndsLinkAndKeepsEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		b.mute = true
		conf := b.config("x")
		conf.PingInterval = 0
		f := start(t, options(b.dial), conf)
		s := b.session()
		if _, _, err := s.ws.Read(t.Context()); err != nil { // the lifecycle, and nothing after it
			t.Fatal(err)
		}
		f.publish("first", "second")
		since := time.Now()
		next := b.session()
		if d := time.Since(since); d < conf.WriteTimeout || d > conf.WriteTimeout+5*time.Second {
			t.Errorf("replaced after %v", d)
		}
		go next.read(t.Context())
		next.expect(lifecycle, "first", "second")
		if st := f.Status()[0]; st.DroppedEvents != 0 || st.Links[0].Reconnects != 1 {
			t.Errorf("status is %+v", st)
		}
		s.ws.CloseNow()
	})
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		var down atomic.Bool
		var asked atomic.Int32
		o := options(func(ctx context.Context, network, addr string) (net.Conn, error) {
			if down.Load() {
				return nil, errors.New("down")
			}
			return b.dial(ctx, network, addr)
		})
		beat := o.Heartbeat
		o.Heartbeat = func(d time.Duration) []byte { asked.Add(1); return beat(d) }
		conf := b.config("x")
		conf.Heartbeat = 5 * time.Second
		start(t, o, conf)
		s := b.session()
		sleep(t.Context(), 52*time.Second)
		s.expect(lifecycle)
		for range 10 {
			s.expect(`{"interval":5000}`)
		}
		if n := len(s.frames); n != 0 {
			t.Errorf("%d frames too many", n)
		}
		down.Store(true)
		s.kill()
		before := asked.Load()
		sleep(t.Context(), time.Minute)
		down.Store(false)
		s = b.session()
		if n := asked.Load() - before; n != 0 {
			t.Errorf("%d heartbeats made while away", n)
		}
		sleep(t.Context(), 6*time.Second)
		s.expect(lifecycle, `{"interval":5000}`)
		if n := len(s.frames); n != 0 {
			t.Errorf("%d heartbeats replayed", n)
		}
	})
}

// TestDeadEndpointHarmsNobody is the scenario with which go-cqhttp delivers 1 heartbeat of 51 to the healthy endpoint.
func TestDeadEndpointHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipeBot(t), newPipeBot(t)
		var down atomic.Bool
		confA, confB := a.config("a"), b.config("b")
		confA.Heartbeat, confB.Heartbeat = 200*time.Millisecond, 200*time.Millisecond
		confB.URL = "ws://b.test/"
		f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
			switch {
			case addr != "b.test:80":
				return a.dial(ctx, network, addr)
			case down.Load():
				return nil, errors.New("down")
			default:
				return b.dial(ctx, network, addr)
			}
		}), confA, confB)
		healthy, dead := a.session(), b.session()
		f.await("connected", connected)
		sleep(t.Context(), time.Second)
		down.Store(true)
		dead.kill()
		for i := range 200 {
			f.publish(string(rune('A' + i)))
			sleep(t.Context(), 60*time.Millisecond)
		}
		heartbeats, messages := 0, 0
		for len(healthy.frames) > 0 {
			switch frame := <-healthy.frames; frame {
			case lifecycle:
			case `{"interval":200}`:
				heartbeats++
			case string(rune('A' + messages)):
				messages++
			default:
				t.Fatalf("healthy endpoint got %q out of order", frame)
			}
		}
		if heartbeats < 64 || messages != 200 {
			t.Errorf("healthy endpoint got %d heartbeats and %d messages in 13 s, want 65 and 200", heartbeats, messages)
		}
		down.Store(false)
		back := b.session()
		back.expect(lifecycle)
		for i := range 200 {
			back.expect(string(rune('A' + i)))
		}
	})
}

func TestServerPingsAreAnsweredDuringActions(t *testing.T) {
	b := newBot(t)
	o := options(nil)
	release := make(chan struct{})
	o.Handler = func(string) Handler {
		return handlerFunc(func([]byte) Call {
			return func(context.Context) []byte { <-release; return []byte("done") }
		})
	}
	start(t, o, b.config("x"))
	s := b.session()
	for range 300 {
		s.send("slow action")
	}
	if err := s.ws.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	close(release)
	s.expect(lifecycle)
	for range 300 {
		s.expect("done")
	}
}
