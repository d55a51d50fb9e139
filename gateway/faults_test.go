package gateway

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// staleHandler holds every answer back until the next frame comes. As each frame comes on a connection of its own, all
// answers are for connections that are gone.
type staleHandler struct {
	accepted chan string
	release  chan struct{} // of the frame before; the reader of one connection at a time uses it
}

func (h *staleHandler) Accept(frame []byte) Call {
	if h.release != nil {
		close(h.release)
	}
	mine := make(chan struct{})
	h.release = mine
	h.accepted <- string(frame)
	return func(context.Context) []byte { <-mine; return frame }
}

// TestTenThousandKills kills connections while each has an action in flight.
func TestTenThousandKills(t *testing.T) {
	const endpoints, kills = 8, 1250
	before := runtime.NumGoroutine()
	t.Cleanup(func() { // after those of the bots and the gateway
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; <-tick.C {
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
			}
		}
	})
	o := options(nil)
	handlers := map[string]*staleHandler{}
	o.Handler = func(name string) Handler {
		handlers[name] = &staleHandler{accepted: make(chan string, 1)}
		return handlers[name]
	}
	var confs []Config
	bots := map[string]*bot{}
	for i := range endpoints {
		b := newBot(t)
		b.room = 8
		conf := b.config(fmt.Sprint("endpoint-", i))
		conf.Reconnect = Reconnect{Min: time.Millisecond, Max: time.Millisecond}
		confs = append(confs, conf)
		bots[conf.Name] = b
	}
	f := start(t, o, confs...)
	var killing sync.WaitGroup
	for name, b := range bots {
		killing.Go(func() {
			if err := killAll(t.Context(), b, handlers[name], kills); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	killing.Wait()
	if t.Failed() {
		return
	}
	for i, conf := range confs {
		s := bots[conf.Name].session()
		s.expect(lifecycle)
		s.send("last") // releases the answer before
		f.awaitAt(i, "stale answers to be dropped", func(s EndpointStatus) bool { return s.AnswersDropped == kills })
		close(handlers[conf.Name].release)
		s.expect("last")
	}
}

// killAll asks once on each of n connections and kills it while the action is in flight.
func killAll(ctx context.Context, b *bot, h *staleHandler, n int) error {
	for i := range n {
		var s *session
		select {
		case s = <-b.sessions:
		case <-time.After(time.Minute):
			return fmt.Errorf("no connection after %d", i)
		}
		frame := strconv.Itoa(i)
		if err := s.ws.Write(ctx, 1, []byte(frame)); err != nil {
			return err
		}
		select {
		case got := <-h.accepted:
			if got != frame {
				return fmt.Errorf("%q was accepted, want %q", got, frame)
			}
		case <-time.After(time.Minute):
			return fmt.Errorf("action %d was not accepted", i)
		}
		if tcp, ok := s.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		s.conn.Close()
		<-s.ended
		for range len(s.frames) {
			if got := <-s.frames; got != lifecycle {
				return fmt.Errorf("connection %d got %q", i, got)
			}
		}
	}
	return nil
}

// TestRestartsOnLoopback measures how soon a framework that was down is found by the default pauses.
func TestRestartsOnLoopback(t *testing.T) {
	const endpoints, rounds = 10, 3
	listen := func(addr string) (*bot, net.Listener) {
		lis, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		b := &bot{t: t, addr: lis.Addr().String(), room: 8}
		b.serve(lis)
		return b, lis
	}
	bots, listeners, sessions := make([]*bot, endpoints), make([]net.Listener, endpoints), make([]*session, endpoints)
	var confs []Config
	for i := range endpoints {
		bots[i], listeners[i] = listen("127.0.0.1:0")
		confs = append(confs, patient(bots[i].config(fmt.Sprint(i))))
	}
	f := start(t, options(nil), confs...)
	for i, b := range bots {
		sessions[i] = b.session()
		f.awaitAt(i, "connection", connected)
	}
	var took []time.Duration
	for range rounds {
		for i, s := range sessions {
			listeners[i].Close()
			s.kill()
		}
		for i := range sessions {
			f.awaitAt(i, "refusal", func(s EndpointStatus) bool { return strings.Contains(s.Links[0].LastError, "nothing listens") })
		}
		found := make(chan time.Duration, endpoints)
		for i := range bots {
			bots[i], listeners[i] = listen(bots[i].addr)
			since := time.Now()
			go func(b *bot) {
				select {
				case sessions[i] = <-b.sessions:
					found <- time.Since(since)
				case <-time.After(30 * time.Second):
					found <- time.Hour
				}
			}(bots[i])
		}
		for range endpoints {
			took = append(took, <-found)
		}
		for i := range sessions {
			f.awaitAt(i, "connection", connected)
		}
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median >= 300*time.Millisecond {
		t.Errorf("a restarted framework is found after %v (median), all: %v", median, took)
	}
}

// readSlowly reads a frame a second and, at the end of the connection, returns them.
func (s *session) readSlowly() <-chan []string {
	read := make(chan []string)
	go func() {
		var all []string
		defer func() { read <- all }()
		for sleep(s.bot.t.Context(), time.Second) {
			_, frame, err := s.ws.Read(s.bot.t.Context())
			if err != nil {
				return
			}
			all = append(all, string(frame))
		}
	}()
	return read
}

// TestStalledAndSlowHarmNobody has one endpoint that never reads, one that reads a message a second, and six healthy ones,
// which must get every event before the clock moves.
func TestStalledAndSlowHarmNobody(t *testing.T) {
	const healthy, events, perSecond = 6, 4000, 100
	synctest.Test(t, func(t *testing.T) {
		bots := map[string]*bot{}
		var confs []Config
		add := func(name string, limit int) *bot {
			b := newPipeBot(t)
			conf := b.config(name)
			conf.URL = "ws://" + name + ".test"
			conf.Queue.Events = limit
			bots[name+".test:80"] = b
			confs = append(confs, conf)
			return b
		}
		var good []*session
		stalled, slow := add("stalled", 500), add("slow", 500)
		stalled.mute, slow.mute = true, true
		for i := range healthy {
			add(fmt.Sprint("healthy-", i), 10)
		}
		f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
			return bots[addr].dial(ctx, network, addr)
		}), confs...)
		first := stalled.session()
		first.send("settled") // and never reads
		s := slow.session()
		read := s.readSlowly()
		for i := range healthy {
			good = append(good, bots[fmt.Sprintf("healthy-%d.test:80", i)].session())
			good[i].expect(lifecycle)
		}
		sleep(t.Context(), 3*time.Second)
		for i := range events {
			f.publish(strconv.Itoa(i))
			synctest.Wait()
			for n, s := range good {
				if len(s.frames) != 1 {
					t.Fatalf("event %d has not reached healthy endpoint %d", i, n)
				}
				s.expect(strconv.Itoa(i))
			}
			sleep(t.Context(), time.Second/perSecond)
		}
		st := f.Status()
		for i, bad := range st[:2] {
			if bad.QueuedEvents > 501 || bad.DroppedEvents+bad.SentEvents+uint64(bad.QueuedEvents) != events || bad.DroppedEvents == 0 {
				t.Errorf("status of bad endpoint %d is %+v", i, bad)
			}
		}
		if n := stalled.handshakes.Load(); n < 2 {
			t.Errorf("%d handshakes with the stalled endpoint, want it to be given up", n)
		}
		f.stop()
		got := <-read
		for s.ws.CloseNow(); first != nil; { // those of mute bots
			first.ws.CloseNow()
			select {
			case first = <-stalled.sessions:
			default:
				first = nil
			}
		}
		if len(got) < 35 || got[0] != lifecycle || slow.handshakes.Load() != 1 {
			t.Errorf("slow endpoint got %q in %d connections", got, slow.handshakes.Load())
		}
		for last := -1; len(got) > 1; got = got[1:] {
			n, err := strconv.Atoi(got[1])
			if err != nil || n <= last {
				t.Fatalf("slow endpoint got %q after %d", got[1], last)
			}
			last = n
		}
	})
}
