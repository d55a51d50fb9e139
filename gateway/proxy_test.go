package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// gate is a proxy that leads to one bot, whatever it is asked for.
type gate struct {
	t     *testing.T
	to    string
	addr  string
	login string // user:password, if it wants one
	asked chan string
}

// newGate starts a proxy that serves connections with serve.
func newGate(t *testing.T, to, login string, config *tls.Config, serve func(*gate, net.Conn)) *gate {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, to: to, addr: lis.Addr().String(), login: login, asked: make(chan string, 100)}
	if config != nil {
		lis = tls.NewListener(lis, config)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serve(g, conn); conn.Close() })
		}
	})
	t.Cleanup(func() {
		lis.Close()
		all.Wait()
	})
	return g
}

// pass carries bytes between a client and the bot until one of them ends.
func (g *gate) pass(client net.Conn) {
	bot, err := net.Dial("tcp", g.to)
	if err != nil {
		g.t.Error(err)
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(client, bot); client.Close() })
	_, _ = io.Copy(bot, client)
	bot.Close()
	back.Wait()
}

func serveHTTP(g *gate, conn net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	if req.Method != http.MethodConnect {
		g.t.Errorf("proxy was asked to %s", req.Method)
	}
	want := ""
	if g.login != "" {
		want = "Basic " + base64.StdEncoding.EncodeToString([]byte(g.login))
	}
	if req.Header.Get("Proxy-Authorization") != want {
		_, _ = io.WriteString(conn, "HTTP/1.1 407 No "+req.Header.Get("Proxy-Authorization")+"\r\n\r\n")
		return
	}
	g.asked <- req.Host
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	g.pass(conn)
}

// serveSOCKS is the server of RFC 1928 and RFC 1929.
func serveSOCKS(g *gate, conn net.Conn) {
	read := func(n byte) []byte {
		buf := make([]byte, n)
		_, _ = io.ReadFull(conn, buf)
		return buf
	}
	read(read(2)[1]) // version and methods
	if g.login == "" {
		_, _ = conn.Write([]byte{5, 0})
	} else {
		_, _ = conn.Write([]byte{5, 2})
		user := string(read(read(2)[1]))
		if user+":"+string(read(read(1)[0])) != g.login {
			_, _ = conn.Write([]byte{1, 1})
			return
		}
		_, _ = conn.Write([]byte{1, 0})
	}
	if head := read(4); head[3] != 3 {
		g.t.Errorf("the request is %v, want one for a name", head)
		return
	}
	host := string(read(read(1)[0]))
	port := read(2)
	g.asked <- fmt.Sprint(host, ":", int(port[0])<<8|int(port[1]))
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	g.pass(conn)
}

// converse checks that the bot is reached and answers, then stops the gateway.
func converse(t *testing.T, b *bot, conf Config) {
	t.Helper()
	f := start(t, options(nil), conf)
	s := b.session()
	s.expect(lifecycle)
	s.send("hello")
	s.expect("re:hello")
	f.stop()
}

func TestProxies(t *testing.T) {
	b := newBot(t)
	httpGate := newGate(t, b.addr, "", nil, serveHTTP)
	lockedGate := newGate(t, b.addr, "us er:p@ss", nil, serveHTTP)
	socksGate := newGate(t, b.addr, "", nil, serveSOCKS)
	lockedSocks := newGate(t, b.addr, "us er:p@ss", nil, serveSOCKS)
	for proxy, g := range map[string]*gate{
		"http://" + httpGate.addr:                      httpGate,
		"http://us%20er:p%40ss@" + lockedGate.addr:     lockedGate,
		"socks5://" + socksGate.addr:                   socksGate,
		"socks5h://us%20er:p%40ss@" + lockedSocks.addr: lockedSocks,
	} {
		conf := b.config("x")
		conf.URL, conf.Proxy = "ws://bot.test/path", proxy
		converse(t, b, conf)
		if asked := <-g.asked; asked != "bot.test:80" {
			t.Errorf("%s was asked for %s", proxy, asked)
		}
	}
}

// TestTLSThroughTLS reaches a wss:// address through an https:// proxy.
func TestTLSThroughTLS(t *testing.T) {
	b, ca, cert, key := tlsBot(t, tls.NoClientCert)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, b.addr, "", &tls.Config{Certificates: []tls.Certificate{pair}}, serveHTTP)
	conf := b.config("x")
	conf.URL, conf.Proxy, conf.TLS.CA = "wss://example.com/", "https://"+g.addr, ca
	converse(t, b, conf)
	if asked := <-g.asked; asked != "example.com:443" {
		t.Errorf("proxy was asked for %s", asked)
	}
}

func TestProxyOfTheEnvironment(t *testing.T) {
	b := newBot(t)
	g := newGate(t, b.addr, "user:pass", nil, serveHTTP)
	for _, name := range []string{"REQUEST_METHOD", "http_proxy", "https_proxy", "no_proxy"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTP_PROXY", "http://user:pass@"+g.addr)
	t.Setenv("HTTPS_PROXY", "socks5://secure.test")
	t.Setenv("NO_PROXY", "direct.test")
	conf := b.config("x")
	conf.Proxy = proxyEnvironment
	converse(t, b, conf) // loopback: direct
	conf.URL = "ws://bot.test"
	converse(t, b, conf)
	if asked := <-g.asked; asked != "bot.test:80" || len(g.asked) != 0 {
		t.Errorf("proxy was asked for %s", asked)
	}
	for raw, want := range map[string]string{
		"ws://bot.test": g.addr, "wss://bot.test": "secure.test", "ws://direct.test": "", "ws+unix:///run/b.sock": "", "ws://[::1]:80": "",
	} {
		to, err := resolve(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := conf.proxyTo(to)
		if err != nil || (got == nil) != (want == "") || got != nil && got.Host != want {
			t.Errorf("proxy to %s is %v, %v, want %q", raw, got, err, want)
		}
	}
}

func TestProxyTroubles(t *testing.T) {
	b := newBot(t)
	locked := newGate(t, b.addr, "right", nil, serveHTTP)
	says := func(answer string) string {
		return "http://" + newGate(t, b.addr, "", nil, func(_ *gate, conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, answer)
		}).addr
	}
	closed := newGate(t, b.addr, "", nil, func(*gate, net.Conn) {}).addr
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := lis.Addr().String()
	lis.Close()
	for proxy, want := range map[string]string{
		"http://CANARY1:CANARY2@" + locked.addr: "proxy http://" + locked.addr + ": CONNECT answered with HTTP 407 Proxy Authentication Required: check its user and password",
		says("HTTP/1.1 403 CANARY\r\n\r\n"):     "CONNECT answered with HTTP 403 Forbidden: check whether it may and can reach the address",
		says("HTTP/1.1 200 OK\r\n\r\nEXTRA"):    "something came before it was asked for",
		says("nonsense\r\n\r\n"):                "malformed HTTP",
		"socks5://CANARY1:CANARY2@" + closed:    "proxy socks5://" + closed + ": ",
		"socks5://CANARY1:CANARY2@" + nobody:    "proxy socks5://" + nobody + ": connection refused: nothing listens there",
	} {
		conf := b.config("x")
		conf.URL, conf.Proxy = "ws://bot.test/path", proxy
		f := start(t, options(nil), conf)
		f.await(want, func(s EndpointStatus) bool { return strings.Contains(s.Links[0].LastError, want) })
		f.stop()
		if strings.Contains(f.log.String(), "CANARY") {
			t.Errorf("a secret is shown: %s", f.log)
		}
	}
	if b.handshakes.Load() != 0 {
		t.Error("the bot was reached")
	}
}

func TestProxyThatHangs(t *testing.T) {
	for _, scheme := range []string{"http", "socks5"} {
		synctest.Test(t, func(t *testing.T) {
			conf := DefaultConfig()
			conf.Name, conf.URL, conf.Proxy = "x", "ws://bot.test", scheme+"://proxy.test:1"
			f := start(t, options(func(_ context.Context, _, addr string) (net.Conn, error) {
				if addr != "proxy.test:1" {
					t.Errorf("%s was dialled", addr)
				}
				near, far := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, far) }()
				return near, nil
			}), conf)
			sleep(t.Context(), conf.DialTimeout+time.Millisecond)
			want := "proxy " + scheme + "://proxy.test:1: no TCP connection within dial_timeout"
			if e := f.Status()[0].Links[0].LastError; e != want {
				t.Errorf("last error is %q, want %q", e, want)
			}
		})
	}
}

// FuzzConnect feeds any answer of a proxy, whole and byte by byte.
func FuzzConnect(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 407 x\r\nA: b\r\n\r\nbody", "", "\x00", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var results [2]error
		for i, r := range []io.Reader{strings.NewReader(answer), iotest.OneByteReader(strings.NewReader(answer))} {
			results[i] = connect(t.Context(), replayed{r: r}, "bot.test:80", url.UserPassword("u", "p"))
		}
		if results[1] != nil && (results[0] == nil || results[0].Error() != results[1].Error()) {
			t.Errorf("whole: %v, byte by byte: %v", results[0], results[1])
		}
	})
}

// replayed is a connection on which everything that will be read has been written before.
type replayed struct {
	net.Conn
	r io.Reader
}

func (c replayed) Read(p []byte) (int, error)  { return c.r.Read(p) }
func (c replayed) Write(p []byte) (int, error) { return len(p), nil }
