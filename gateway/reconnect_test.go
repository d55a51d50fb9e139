package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"
)

// patient gives a bot's endpoint the default pauses back.
func patient(c Config) Config {
	c.Reconnect = DefaultConfig().Reconnect
	return c
}

func TestDeadEndpointIsDialledSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		var dials atomic.Int32
		f := start(t, options(func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}), patient(b.config("dead")))
		if sleep(t.Context(), 3*time.Second); dials.Load() < 9 {
			t.Errorf("%d dials in the first 3 s, want fast tries", dials.Load())
		}
		sleep(t.Context(), 10*time.Minute)
		before := dials.Load()
		sleep(t.Context(), time.Hour)
		if n := dials.Load() - before; n < 60 || n >= 5*60 {
			t.Errorf("%d dials an hour, want one to five a minute", n)
		}
		if got := f.log.messages(t); !slices.Equal(got, []string{"endpoint not connected"}) {
			t.Errorf("logged %q", got)
		}
		if e := f.Status()[0].Links[0].LastError; !strings.Contains(e, "nothing listens there") {
			t.Errorf("last error is %q", e)
		}
	})
}

func TestRestartedFrameworkIsFoundAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		var down atomic.Bool
		f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
			if down.Load() {
				return nil, syscall.ECONNREFUSED
			}
			return b.dial(ctx, network, addr)
		}), patient(b.config("nonebot")))
		s := b.session()
		s.expect(lifecycle)
		for restarts := range 5 {
			sleep(t.Context(), 2*time.Second)
			down.Store(true)
			s.kill()
			sleep(t.Context(), 3*time.Second)
			f.publish("missed")
			down.Store(false)
			since := time.Now()
			s = b.session()
			if d := time.Since(since); d > 300*time.Millisecond {
				t.Errorf("found after %v", d)
			}
			s.expect(lifecycle, "missed")
			f.await("reconnect", func(s EndpointStatus) bool { return s.Links[0].Reconnects == uint64(restarts)+1 })
		}
		want := []string{"endpoint connected"}
		for range 5 {
			want = append(want, "endpoint lost", "endpoint connected")
		}
		// Between "lost" and "connected" the kind of trouble changes once, from lost to unreachable.
		got := slices.DeleteFunc(f.log.messages(t), func(m string) bool { return m == "endpoint not connected" })
		if !slices.Equal(got, want) {
			t.Errorf("logged %q", got)
		}
	})
}

func TestRefusalsAreRetriedSlowlyAndExplained(t *testing.T) {
	status := func(code int) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "wss://elsewhere/path?token=CANARY")
			w.WriteHeader(code)
		}
	}
	closing := func(code websocket.StatusCode, reason string) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if ws, err := websocket.Accept(w, r, nil); err == nil {
				ws.Close(code, reason)
			}
		}
	}
	for name, c := range map[string]struct {
		refuse  func(w http.ResponseWriter, r *http.Request)
		explain string
	}{
		"401":        {status(401), "HTTP 401 Unauthorized: check access_token"},
		"403":        {status(403), "NoneBot also answers so while it has an older connection"},
		"404":        {status(404), "check the path"},
		"redirect":   {status(301), "redirects are not followed; the server points to wss://elsewhere/path?..."},
		"200":        {status(200), "check that the address is a bot framework's"},
		"close 1008": {closing(1008, "invalid selfId CANARY"), `with 1008 "invalid selfId ***": check that this account is configured there`},
		"close 1005": {closing(1005, ""), "Koishi does so for a path that no bot of it has"},
		"close 3001": {closing(3001, "token"), "and access_token"}, // Karin
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newPipeBot(t)
				var mended atomic.Bool
				b.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
					if mended.Load() {
						return false
					}
					c.refuse(w, r)
					return true
				}
				conf := patient(b.config("x"))
				conf.AccessToken = "CANARY"
				f := start(t, options(b.dial), conf)
				f.publish("kept for one who wants it")
				sleep(t.Context(), time.Minute)
				if n := b.handshakes.Load(); n < 3 || n > 20 {
					t.Errorf("%d handshakes in the first minute", n)
				}
				st := f.Status()[0]
				if link := st.Links[0]; !strings.Contains(link.LastError, c.explain) || link.Connected || !link.Since.IsZero() {
					t.Errorf("link status is %+v", link)
				}
				if got := f.log.messages(t); !slices.Equal(got, []string{"endpoint not connected"}) {
					t.Errorf("logged %q", got)
				}
				mended.Store(true)
				sleep(t.Context(), time.Minute) // the longest pause
				b.session().expect(lifecycle, "kept for one who wants it")
				f.await("connected", connected)
				if strings.Contains(f.log.String(), "CANARY") {
					t.Errorf("token in the log: %s", f.log)
				}
			})
		})
	}
}

func TestUnsettledLinkSwallowsNoEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		b.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > 3 {
				return false
			}
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return true
			}
			if _, frame, err := ws.Read(t.Context()); err != nil || string(frame) != lifecycle {
				t.Errorf("first frame is %q, %v", frame, err)
			}
			ws.CloseNow() // without ever having answered a ping
			return true
		}
		f := build(t, options(b.dial), b.config("x"))
		f.publish("1", "2", "3")
		f.run()
		b.session().expect(lifecycle, "1", "2", "3")
	})
}

func TestHangingHandshakes(t *testing.T) {
	for name, hang := range map[string]DialFunc{
		"no TCP connection within dial_timeout": func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"no WebSocket handshake within handshake_timeout": func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() { // reads the request and says nothing
				for buf := make([]byte, 1024); ; {
					if _, err := far.Read(buf); err != nil {
						return
					}
				}
			}()
			return near, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newPipeBot(t)
				hung := false
				f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
					if hung {
						return b.dial(ctx, network, addr)
					}
					hung = true
					return hang(ctx, network, addr)
				}), patient(b.config("x")))
				conf := DefaultConfig()
				sleep(t.Context(), conf.DialTimeout+conf.HandshakeTimeout-31*time.Second) // 9 s: patience
				if e := f.Status()[0].Links[0].LastError; e != "" {
					t.Errorf("gave up early: %s", e)
				}
				b.session().expect(lifecycle)
				if !strings.Contains(f.log.String(), name) {
					t.Errorf("log is %s", f.log)
				}
			})
		})
	}
}

func TestWaitsForAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		var self atomic.Int64
		o := options(b.dial)
		o.SelfID = self.Load
		conf := b.config("x")
		conf.Queue.Age = 0
		f := start(t, o, conf)
		f.publish("queued meanwhile")
		sleep(t.Context(), time.Hour)
		if b.handshakes.Load() != 0 {
			t.Error("dialled without an account")
		}
		self.Store(4294967295)
		s := b.session()
		if id := s.header.Get("X-Self-ID"); id != "4294967295" {
			t.Errorf("X-Self-ID is %s", id)
		}
		s.expect(lifecycle, "queued meanwhile")
		if got := f.log.messages(t); !slices.Equal(got, []string{"endpoint waits until an account is logged in", "endpoint connected"}) {
			t.Errorf("logged %q", got)
		}
	})
}

func TestDiagnoses(t *testing.T) {
	for _, c := range []struct {
		err         error
		up, settled bool
		want        string
	}{
		{&net.DNSError{Name: "bot.example", Err: "no such host"}, false, false, `name "bot.example" cannot be resolved: no such host`},
		{&net.OpError{Err: syscall.ECONNRESET}, false, false, "the server hung up during the handshake: connection reset by peer; perhaps it wants wss://"},
		{errors.New("something else"), false, false, "something else"},
		{&statusError{code: 503}, false, false, "handshake answered with HTTP 503 Service Unavailable: the server, or a proxy before it, is not ready"},
		{io.EOF, true, false, "connection ended right after the handshake: EOF"},
		{io.EOF, true, true, "connection lost: EOF"},
		{fmt.Errorf("pong: %w", context.DeadlineExceeded), true, true, "a ping of the far side could not be answered: it does not read"},
		{
			websocket.CloseError{Code: 1009, Reason: "big"},
			true, true,
			`closed by the far side with 1009 "big": it accepts no frame of this size; raise its limit (uvicorn: ws_max_size)`,
		},
		{websocket.CloseError{Code: 1005}, true, true, `closed by the far side with 1005 ""`}, // a framework that stops
	} {
		if got := diagnose(c.err, c.up, c.settled); got.text != c.want || got.refused || got.kind == "" {
			t.Errorf("%v is told as %+v, want %q", c.err, got, c.want)
		}
	}
}
