package control_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"echogate/protocol/sandbox/control"
)

func TestListenTakesLoopbackOnly(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "localhost:0"} {
		l, err := control.Listen(t.Context(), address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if ip := netip.MustParseAddrPort(l.Addr().String()).Addr(); !ip.IsLoopback() {
			t.Errorf("%s: listens on %s", address, ip)
		}
		l.Close()
	}
	for _, tt := range []struct{ address, want string }{
		{"0.0.0.0:0", "is not loopback: anybody who reaches it can play every user"},
		{":0", "is not loopback"},
		{"[::]:0", "is not loopback"},
		{"192.0.2.1:0", "is not loopback"},
		{"localhost.example:0", "is not loopback"},
		{"127.0.0.1", "missing port"},
		{"127.0.0.1:99999", "listen for control"},
	} {
		l, err := control.Listen(t.Context(), tt.address)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", tt.address, err, tt.want)
		}
	}
}

// elsewhere claims to listen on another address than it does.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

func TestServeTakesLoopbackOnly(t *testing.T) {
	l := listen(t)
	err := newStage(t).Serve(t.Context(), elsewhere{l})
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1:80 is not loopback") {
		t.Errorf("error is %v", err)
	}
	if err := l.Close(); err == nil {
		t.Error("the listener was left open")
	}
}

// eavesdropper tells when a client has sent the word.
type eavesdropper struct {
	net.Listener
	word  string
	heard chan struct{}
}

func (e eavesdropper) Accept() (net.Conn, error) {
	conn, err := e.Listener.Accept()
	return eavesdropped{conn, e}, err
}

type eavesdropped struct {
	net.Conn
	by eavesdropper
}

func (e eavesdropped) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	if bytes.Contains(b[:n], []byte(e.by.word)) {
		close(e.by.heard)
	}
	return n, err
}

func TestServe(t *testing.T) {
	s := newStage(t)
	l := eavesdropper{listen(t), "wait=5m", make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	base := "http://" + l.Addr().String()
	s.say(t, "20001", inGroup, "hi")
	if status, body := get(t, base+"/messages?group=30001"); status != 200 || !strings.Contains(body, `"raw":"hi"`) {
		t.Errorf("%d %s", status, body)
	}

	waiting := make(chan string)
	go func() {
		_, body := get(t, base+"/messages?group=30001&after=1&wait=5m")
		waiting <- body
	}()
	<-l.heard
	stop()
	if body := <-waiting; body != `{"messages":[]}`+"\n" {
		t.Errorf("the waiting call was answered with %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if err := l.Close(); err == nil {
		t.Error("the listener was left open")
	}
}

func TestServeFails(t *testing.T) {
	l := listen(t)
	l.Close()
	if err := newStage(t).Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "serve control") {
		t.Errorf("error is %v", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := control.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	request.Close = true // an idle connection may be closed under the next call
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r.StatusCode, string(body)
}
