package gateway

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"
)

// apply applies configurations that are right.
func (f *fixture) apply(confs ...Config) {
	f.t.Helper()
	if err := f.Apply(confs); err != nil {
		f.t.Fatal(err)
	}
}

// expectClosed checks that the gateway closed a connection in good order.
func (s *session) expectClosed(why string) {
	s.bot.t.Helper()
	ce, ok := errors.AsType[websocket.CloseError](s.end())
	if !ok || ce.Code != websocket.StatusGoingAway || ce.Reason != "endpoint was "+why {
		s.bot.t.Errorf("connection ended with %v, want close 1001 because it was %s", s.err, why)
	}
}

// numbers returns the events that the bot received so far, up to last, which must be consecutive.
func (s *session) numbers(last int) (all []int) {
	s.bot.t.Helper()
	for len(all) == 0 || all[len(all)-1] < last {
		n, err := strconv.Atoi(s.next())
		if err != nil || len(all) > 0 && n != all[len(all)-1]+1 {
			s.bot.t.Fatalf("event %d, %v after %v", n, err, all[max(0, len(all)-3):])
		}
		all = append(all, n)
	}
	return all
}

// TestApplyUnderFire changes endpoints while events are published without a pause.
func TestApplyUnderFire(t *testing.T) {
	same, changed, removed, added := newBot(t), newBot(t), newBot(t), newBot(t)
	confs := []Config{same.config("same"), changed.config("changed"), removed.config("removed")}
	f := start(t, options(nil), confs...)
	sameLink, oldLink, removedLink := same.session(), changed.session(), removed.session()
	for i, s := range []*session{sameLink, oldLink, removedLink} {
		s.expect(lifecycle)
		f.awaitAt(i, "the pong", func(s EndpointStatus) bool { return s.Connected })
	}
	const last = 20_000
	var publishing sync.WaitGroup
	half := make(chan struct{})
	publishing.Go(func() {
		for i := range last + 1 {
			switch i {
			case last / 2:
				close(half)
			case last * 3 / 4: // the rest is for the new links
				<-oldLink.ended
			}
			f.publish(strconv.Itoa(i))
		}
	})
	<-half
	confs[1].AccessToken = "new"
	f.apply(added.config("added"), confs[1], confs[0])
	publishing.Wait()

	if got := sameLink.numbers(last); got[0] != 0 || same.handshakes.Load() != 1 {
		t.Errorf("unchanged endpoint: first event %d, %d handshakes", got[0], same.handshakes.Load())
	}
	oldLink.expectClosed("changed")
	newLink := changed.session()
	newLink.expect(lifecycle)
	if got := newLink.header.Get("Authorization"); got != "Bearer new" {
		t.Errorf("Authorization is %q", got)
	}
	next := 0
	for range len(oldLink.frames) {
		oldLink.expect(strconv.Itoa(next))
		next++
	}
	if got := newLink.numbers(last); got[0] != next {
		t.Errorf("changed endpoint: the old link got %d events, the new one begins with %d", next, got[0])
	}
	removedLink.expectClosed("removed")
	addedLink := added.session()
	addedLink.expect(lifecycle)
	addedLink.numbers(last)

	st := f.Status()
	if len(st) != 3 || st[0].Name != "added" || st[1].Name != "changed" || st[2].Name != "same" {
		t.Fatalf("status is %+v", st)
	}
	if link := st[1].Links[0]; st[1].SentEvents != last+1 || st[1].DroppedEvents != 0 || link.Reconnects != 1 || link.Dials != 2 {
		t.Errorf("changed endpoint's status is %+v", st[1])
	}
	for _, want := range []string{"endpoint added", "endpoint changed, it is dialled again", "endpoint removed"} {
		if !slices.Contains(f.log.messages(t), want) {
			t.Errorf("log lacks %q", want)
		}
	}
}

func TestApplyOfNothingAndOfNonsense(t *testing.T) {
	b := newBot(t)
	conf := b.config("x")
	conf.Headers = map[string]string{}
	f := start(t, options(nil), conf)
	s := b.session()
	s.expect(lifecycle)
	before := f.Status()[0].Name
	same := conf
	same.Headers = nil
	f.apply(same)
	bad, twice := conf, conf
	bad.ReadLimit = 0
	twice.Name = "y"
	for want, confs := range map[string][]Config{
		"endpoints[x].read_limit: 0 is not positive":           {b.config("new"), bad},
		"endpoints[x].name: is used twice":                     {conf, conf},
		"endpoints[y].url: is the address of endpoints[x] too": {conf, twice},
	} {
		if err := f.Apply(confs); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	f.publish("still here")
	s.expect("still here")
	if st := f.Status(); len(st) != 1 || st[0].Name != before || b.handshakes.Load() != 1 {
		t.Errorf("status is %+v after %d handshakes", st, b.handshakes.Load())
	}
	f.apply() // none at all
	s.expectClosed("removed")
	if st := f.Status(); len(st) != 0 {
		t.Errorf("status is %+v", st)
	}
	f.stop()
	if err := f.Apply([]Config{conf}); err == nil {
		t.Error("Apply after Run: no error")
	}
}

func TestApplyBeforeRun(t *testing.T) {
	b := newBot(t)
	var handlers []string
	o := options(nil)
	o.Handler = func(name string) Handler { handlers = append(handlers, name); return handlerFunc(echo) }
	first, second := b.config("first"), b.config("second")
	f := build(t, o, first)
	f.publish("lost with its endpoint")
	f.apply(second)
	f.publish("kept")
	second.Heartbeat = time.Hour
	f.apply(second)
	f.apply(second)
	f.run()
	b.session().expect(lifecycle, "kept")
	if want := []string{"first", "second", "second"}; !slices.Equal(handlers, want) {
		t.Errorf("handlers of %q, want %q", handlers, want)
	}
}

// TestApplyLetsActionsFinish changes and removes an endpoint while actions are in flight.
func TestApplyLetsActionsFinish(t *testing.T) {
	for _, c := range []struct {
		work, closes time.Duration
		answers      []string
		dropped      uint64
	}{
		{2 * time.Second, 2 * time.Second, []string{"action"}, 0},
		{8 * time.Second, drainTimeout, nil, 1},
	} {
		for _, change := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				b := newPipeBot(t)
				o, l := options(b.dial), newLane(c.work)
				o.Handler = func(string) Handler { return l }
				conf := b.config("x")
				f := start(t, o, conf)
				s := b.session()
				s.expect(lifecycle)
				s.send("action")
				synctest.Wait()
				if n := f.Status()[0].Actions.Running; n != 1 {
					t.Errorf("%d actions are running, want 1", n)
				}
				since := time.Now()
				why := "removed"
				if change {
					why, conf.AccessToken = "changed", "new"
					f.apply(conf)
				} else {
					f.apply()
				}
				synctest.Wait()
				f.publish("event")
				s.expectClosed(why)
				if d := time.Since(since); d != c.closes {
					t.Errorf("closed after %v, want %v", d, c.closes)
				}
				for _, a := range c.answers {
					s.expect(a)
				}
				if len(s.frames) != 0 {
					t.Errorf("old link got %q", <-s.frames)
				}
				if !change {
					f.stop()
					return
				}
				b.session().expect(lifecycle, "event")
				if d := time.Since(since); d != c.closes {
					t.Errorf("dialled again after %v", d)
				}
				l.logged(1)
				synctest.Wait()
				if a := f.Status()[0].Actions; a.Running != 0 || a.Answered != 1-c.dropped {
					t.Errorf("actions are counted as %+v", a)
				}
				if n := f.Status()[0].AnswersDropped; n != c.dropped {
					t.Errorf("%d answers dropped, want %d", n, c.dropped)
				}
			})
		}
	}
}

// TestApplyInEveryState changes an endpoint while it waits for an account, dials, shakes hands and pauses.
func TestApplyInEveryState(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("down") }
	silent := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			for buf := make([]byte, 1024); ; {
				if _, err := far.Read(buf); err != nil {
					return
				}
			}
		}()
		return near, nil
	}
	for name, dial := range map[string]DialFunc{"account": refuse, "dial": hang, "handshake": silent, "pause": refuse} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newPipeBot(t)
				o := options(func(ctx context.Context, network, addr string) (net.Conn, error) {
					if addr == "old.test:80" {
						return dial(ctx, network, addr)
					}
					return b.dial(ctx, network, addr)
				})
				var self atomic.Int64
				o.SelfID = self.Load
				conf := patient(b.config("x"))
				conf.URL = "ws://old.test"
				f := start(t, o, conf)
				f.publish("kept")
				if name != "account" {
					self.Store(1)
				}
				sleep(t.Context(), time.Second)
				conf.URL = "ws://" + b.addr
				f.apply(conf)
				self.Store(1)
				since := time.Now()
				b.session().expect(lifecycle, "kept")
				if d := time.Since(since); d > 100*time.Millisecond {
					t.Errorf("the new address was reached after %v", d)
				}
			})
		})
	}
}

func TestRemovedEndpointWithFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		b.mute = true
		f := start(t, options(b.dial), b.config("x"))
		s := b.session()
		s.send("settled")
		if _, _, err := s.ws.Read(t.Context()); err != nil { // the lifecycle, and nothing after it
			t.Fatal(err)
		}
		for i := range 1000 {
			f.publish(fmt.Sprint(i))
		}
		synctest.Wait()
		box := (*f.endpoints.Load())[0].outbox
		since := time.Now()
		f.apply()
		again := b.config("y") // the same place under another name
		again.URL = b.config("x").URL
		f.apply(again)
		next := b.session()
		if d := time.Since(since); d < drainTimeout || d > drainTimeout+closeTimeout {
			t.Errorf("dialled again after %v", d)
		}
		go next.read(t.Context())
		next.expect(lifecycle)
		sleep(t.Context(), time.Second)
		if len(next.frames) != 0 || box.status().events > 1 || box.status().bytes > 4 {
			t.Errorf("%d frames of another endpoint, old queue is %+v", len(next.frames), box.status())
		}
		if !strings.Contains(f.log.String(), "endpoint was removed with events in its queue") {
			t.Errorf("log is %s", f.log)
		}
		s.ws.CloseNow()
	})
}

// TestApplyNeverMakesTwoLiveConnections moves names, tokens and addresses around at random, as fast as it can, and stops in
// the middle of it.
func TestApplyNeverMakesTwoLiveConnections(t *testing.T) {
	bots := []*bot{newBot(t), newBot(t), newBot(t)}
	live := map[string]*atomic.Int32{}
	for _, b := range bots {
		live[b.addr] = &atomic.Int32{}
		b.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n%5 == 0 {
				w.WriteHeader(http.StatusBadGateway)
			}
			return n%5 == 0
		}
	}
	o := options(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := systemDial()(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if n := live[addr].Add(1); n != 1 {
			t.Errorf("%d connections to %s are open", n, addr)
		}
		return counted{conn, sync.OnceFunc(func() { live[addr].Add(-1) })}, nil
	})
	o.Handler = func(string) Handler {
		return handlerFunc(func(frame []byte) Call {
			return func(ctx context.Context) []byte {
				sleep(context.WithoutCancel(ctx), 2*time.Millisecond)
				return frame
			}
		})
	}
	f := start(t, o)
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		var confs []Config
		for i, at := range rnd.Perm(len(bots))[:1+rnd.IntN(len(bots))] {
			conf := bots[at].config(fmt.Sprint("endpoint-", i))
			conf.URL = "ws://" + bots[at].addr
			conf.AccessToken = fmt.Sprint(rnd.IntN(3))
			conf.Reconnect.Min = time.Millisecond
			confs = append(confs, conf)
		}
		f.apply(confs...)
		f.publish(fmt.Sprint(round))
		if rnd.IntN(3) == 0 { // let one connect and ask
			i := slices.IndexFunc(bots, func(b *bot) bool { return strings.Contains(confs[0].URL, b.addr) })
			f.await("connected", connected)
			_ = bots[i].session().ws.Write(t.Context(), websocket.MessageText, []byte("action")) // it may be an older one, and closed
		}
	}
	f.stop()
	for addr, n := range live {
		if n.Load() != 0 {
			t.Errorf("%d connections to %s are open after Run", n.Load(), addr)
		}
	}
}
