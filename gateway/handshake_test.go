package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nhooyr.io/websocket"
)

// request returns the lines of the handshake that an endpoint sends, as they are on the wire.
func request(t *testing.T, o Options, conf Config) []string {
	t.Helper()
	lines := make(chan string, 100)
	o.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			r := bufio.NewReader(far)
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				lines <- strings.TrimSuffix(line, "\r\n")
			}
		}()
		return near, nil
	}
	start(t, o, conf)
	var all []string
	for line := <-lines; line != ""; line = <-lines {
		if !strings.HasPrefix(line, "Sec-WebSocket-Key: ") && !strings.HasPrefix(line, "Sec-Websocket-Key: ") {
			all = append(all, line)
		}
	}
	slices.Sort(all[1:])
	return all
}

func TestHandshakeOnTheWire(t *testing.T) {
	conf := DefaultConfig()
	conf.Name, conf.URL, conf.AccessToken = "x", "ws://bot.test:8080/onebot/v11/ws?a=b", "s3cret"
	conf.Headers = map[string]string{"x-own": "mine"}
	want := []string{
		"GET /onebot/v11/ws?a=b HTTP/1.1",
		"Authorization: Bearer s3cret",
		"Connection: Upgrade",
		"Host: bot.test:8080",
		"Sec-Websocket-Version: 13",
		"Upgrade: websocket",
		"User-Agent: echogate/test",
		"X-Client-Role: Universal",
		"X-Own: mine",
		"X-Self-ID: 10001",
	}
	if got := request(t, options(nil), conf); !slices.Equal(got, want) {
		t.Errorf("handshake is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	conf.AccessToken, conf.Headers = "", nil
	o := options(nil)
	o.UserAgent = ""
	want = slices.DeleteFunc(want, func(l string) bool { return strings.Contains(l, "s3cret") || strings.HasPrefix(l, "X-Own") })
	want[slices.Index(want, "User-Agent: echogate/test")] = "User-Agent: echogate"
	if got := request(t, o, conf); !slices.Equal(got, want) {
		t.Errorf("handshake without a token is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// tlsBot starts a bot behind TLS and returns the files of a CA and of a client certificate that it trusts.
func tlsBot(t *testing.T, auth tls.ClientAuthType) (b *bot, ca, cert, key string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler()) // for its certificate
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pair := srv.TLS.Certificates[0]
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	lis, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: auth, ClientCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	b = &bot{t: t, addr: lis.Addr().String()}
	b.serve(lis)

	pkcs8, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert = write("cert.pem", "CERTIFICATE", pair.Certificate[0])
	return b, cert, cert, write("key.pem", "PRIVATE KEY", pkcs8)
}

func TestTLS(t *testing.T) {
	b, ca, cert, key := tlsBot(t, tls.RequireAnyClientCert)
	secure := func(set TLS) Config {
		conf := b.config("x")
		conf.URL, conf.TLS = "wss://"+b.addr, set
		return conf
	}
	for name, set := range map[string]TLS{
		"own CA":          {CA: ca, Cert: cert, Key: key},
		"own CA and name": {CA: ca, Cert: cert, Key: key, ServerName: "example.com"}, // a name of httptest's certificate
		"unverified":      {Cert: cert, Key: key, InsecureSkipVerify: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, options(nil), secure(set))
			s := b.session()
			s.expect(lifecycle)
			s.send("hello")
			s.expect("re:hello")
			f.stop()
		})
	}
	for want, set := range map[string]TLS{
		"certificate signed by unknown authority: check tls.ca": {Cert: cert, Key: key},
		"not other.test: check tls.ca and tls.server_name":      {CA: ca, Cert: cert, Key: key, ServerName: "other.test"},
		"certificate required: check tls.cert and tls.key":      {CA: ca},
	} {
		f := start(t, options(nil), secure(set))
		f.await(want, func(s EndpointStatus) bool { return strings.Contains(s.Links[0].LastError, want) })
		f.stop()
	}
}

func TestSchemeMixedUp(t *testing.T) {
	secure, _, _, _ := tlsBot(t, tls.NoClientCert)
	plain := newBot(t)
	toSecure, toPlain := secure.config("x"), plain.config("x")
	toPlain.URL = "wss://" + plain.addr
	for want, conf := range map[string]Config{
		"HTTP 400":            toSecure, // Go's TLS server answers so; others hang up
		"use a ws:// address": toPlain,
	} {
		f := start(t, options(nil), conf)
		f.await(want, func(s EndpointStatus) bool { return strings.Contains(s.Links[0].LastError, want) })
		f.stop()
	}
}

// TestSecretsStaySecret runs through every kind of failure with canaries in all places where a user may put a secret.
func TestSecretsStaySecret(t *testing.T) {
	b := newBot(t)
	b.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch n % 4 {
		case 0:
			w.WriteHeader(http.StatusForbidden)
		case 1:
			w.Header().Set("Location", r.URL.String())
			w.WriteHeader(http.StatusFound)
		case 2:
			if ws, err := websocket.Accept(w, r, nil); err == nil {
				ws.Close(websocket.StatusPolicyViolation, r.Header.Get("Authorization"))
			}
		case 3:
			return false
		}
		return true
	}
	conf := b.config("x")
	conf.AccessToken = "CANARY-1"
	conf.Headers = map[string]string{"X-Key": "CANARY-2"}
	conf.URL = "ws://CANARY-3:CANARY-4@" + b.addr + "/?access_token=CANARY-5"
	f := start(t, options(nil), conf)
	for range 3 {
		s := b.session()
		s.expect(lifecycle)
		f.await("connected", connected)
		f.publish("event")
		s.expect("event")
		s.kill()
	}
	f.stop()
	unreachable := conf
	unreachable.URL = strings.Replace(conf.URL, b.addr, "no.such.host.invalid:1", 1)
	o := options(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "no.such.host.invalid"}
	})
	g := start(t, o, unreachable)
	g.await("failure", func(s EndpointStatus) bool { return s.Links[0].LastError != "" })
	g.stop()
	for _, shown := range []string{f.log.String(), g.log.String(), f.Status()[0].Links[0].URL, f.Status()[0].Links[0].LastError} {
		if strings.Contains(shown, "CANARY") {
			t.Errorf("a secret is shown: %s", shown)
		}
	}
	if n := len(f.log.messages(t)); n < 8 {
		t.Errorf("only %d log lines looked at", n)
	}
}
