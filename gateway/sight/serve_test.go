package sight

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"echogate/gateway"
)

// TestMain makes sure that the tests, all together, leave no goroutine of a server or of the gateway behind.
func TestMain(m *testing.M) {
	if m.Run() != 0 {
		return // testing has told why and sets the exit code
	}
	if left := leaked(5 * time.Second); left != "" {
		panic("goroutines left behind:\n" + left)
	}
}

// leaked returns the stacks of goroutines that are still there after the grace period.
func leaked(grace time.Duration) string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(grace); ; <-tick.C {
		var left []string
		buf := make([]byte, 4<<20)
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			ours := strings.Contains(stack, "echogate/gateway") || strings.Contains(stack, "net/http.")
			if ours && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// serve starts a Sight on loopback and returns its address and what stops it and returns Serve's error.
func serve(t *testing.T, s *Sight) (string, func() error) {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	stop := func() error {
		cancel()
		return <-ended
	}
	return l.Addr().String(), stop
}

func TestServe(t *testing.T) {
	s := watch(t, account, endpoints)
	for range 2 { // it can be served again
		address, stop := serve(t, s)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{}}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 503 || !strings.HasPrefix(string(body), "not ready\n") {
			t.Errorf("readyz is %d %q: %v", resp.StatusCode, body, err)
		}
		if err := stop(); err != nil { // while the client keeps its connection
			t.Errorf("Serve: %v", err)
		}
		if _, err := client.Do(r); err == nil { //nolint:bodyclose // there is none
			t.Error("it answers after Serve")
		}
		client.CloseIdleConnections()
	}
}

func TestServeRefusesListeners(t *testing.T) {
	s := watch(t, account, endpoints)
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "is not loopback") {
		t.Errorf("Serve on %s: %v", l.Addr(), err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is left open")
	}
	l, err = Listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(t.Context(), l); err == nil {
		t.Error("Serve on a closed listener: no error")
	}
}

// pipes is a listener that pretends to be on loopback; its connections are given to it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9100} }

// servePipes starts a Sight in a bubble. It returns the client's end of a connection to it and what stops it.
func servePipes(t *testing.T, s *Sight) (net.Conn, func() error) {
	t.Helper()
	l := pipes{make(chan net.Conn), make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	near, far := net.Pipe()
	l.conns <- far
	stop := func() error {
		cancel()
		return <-ended
	}
	return near, stop
}

// TestStopIsBounded has clients that send half a request, or do not read the answer.
func TestStopIsBounded(t *testing.T) {
	for name, sent := range map[string]string{
		"half a request": "GET /status HTTP/1.1\r\n",
		"no reader":      "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, stop := servePipes(t, watch(t, account, endpoints))
				defer client.Close()
				if _, err := io.WriteString(client, sent); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				since := time.Now()
				if err := stop(); err != nil {
					t.Errorf("Serve: %v", err)
				}
				if d := time.Since(since); d != stopTimeout {
					t.Errorf("stopped after %v, want %v", d, stopTimeout)
				}
				if _, err := client.Write([]byte("x")); err == nil {
					t.Error("the connection is left open")
				}
			})
		})
	}
}

// TestSlowClientsAreCut has a client that takes too long to ask.
func TestSlowClientsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, stop := servePipes(t, watch(t, account, endpoints))
		defer client.Close()
		since := time.Now()
		if _, err := io.WriteString(client, "GET /status HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(client); err != nil {
			t.Errorf("read: %v", err)
		}
		if d := time.Since(since); d != headerTimeout {
			t.Errorf("cut after %v, want %v", d, headerTimeout)
		}
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// TestServeOutlivesItsAnswers has an answer that takes longer than a stop has patience.
func TestServeOutlivesItsAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered := false
		client, stop := servePipes(t, watch(t, account, func() []gateway.EndpointStatus {
			<-time.After(time.Minute)
			answered = true
			return nil
		}))
		defer client.Close()
		if _, err := io.WriteString(client, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if !answered {
			t.Error("Serve returned while a request was being answered")
		}
	})
}
