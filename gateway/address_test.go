package gateway

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for raw, want := range map[string]target{
		"ws://Bot.test":                       {"tcp", "bot.test:80", "ws://Bot.test", false},
		"WSS://u:p@bot.test/a?b=c":            {"tcp", "bot.test:443", "WSS://u:p@bot.test/a?b=c", true},
		"ws://[::1]:8080/":                    {"tcp", "[::1]:8080", "ws://[::1]:8080/", false},
		"ws+unix:///run/b.sock":               {"unix", "/run/b.sock", "ws://localhost/", false},
		"ws+unix:///run/b.sock:/one/ws?q=1":   {"unix", "/run/b.sock", "ws://localhost/one/ws?q=1", false},
		"wss+unix://u:p@/a%3Ab%20c.sock:/%2F": {"unix", "/a:b c.sock", "wss://u:p@localhost/%2F", true},
	} {
		if got, err := resolve(raw); err != nil || got != want {
			t.Errorf("%s is %+v, %v, want %+v", raw, got, err, want)
		}
	}
	for raw, want := range map[string]string{
		"ws+unix://host/b.sock":  "has a host;",
		"ws+unix:/":              "has no path of a socket",
		"ws+unix:run/b.sock":     "has no path of a socket",
		"ws+unix:///run/":        "has no path of a socket",
		"ws+unix:///b.sock:uri":  "has no slash after the colon",
		"ws+unix:///b%00.sock":   "is not an address",
		"http+unix:///run/b.soc": "is not ws or wss",
	} {
		if got, err := resolve(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %+v, %v, want %q", raw, got, err, want)
		}
	}
}

func TestIdentityOfAddresses(t *testing.T) {
	identity := func(raw string) string {
		to, err := resolve(raw)
		if err != nil {
			t.Fatal(err)
		}
		return to.identity()
	}
	for _, same := range [][2]string{
		{"ws://bot.test", "WS://user:pw@BOT.test:80/"},
		{"wss://bot.test:443/a?b", "wss://bot.test/a?b"},
		{"ws+unix:///a.sock", "ws+unix:///a.sock:/"},
	} {
		if a, b := identity(same[0]), identity(same[1]); a != b {
			t.Errorf("%s and %s differ: %s, %s", same[0], same[1], a, b)
		}
	}
	for _, other := range [][2]string{
		{"ws://bot.test", "ws://bot.test:81"},
		{"ws://bot.test/a", "ws://bot.test/A"},
		{"ws://bot.test/?a", "ws://bot.test/?b"},
		{"ws+unix:///a.sock:/a", "ws+unix:///a.sock:/b"},
		{"ws+unix:///a.sock", "ws+unix:///b.sock"},
	} {
		if identity(other[0]) == identity(other[1]) {
			t.Errorf("%s and %s are the same", other[0], other[1])
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.sock")
	b := &bot{t: t}
	conf := b.config("x")
	conf.URL = "ws+unix://" + path + ":/onebot?a=b"
	f := start(t, options(nil), conf)
	f.await("no socket", func(s EndpointStatus) bool { return strings.Contains(s.Links[0].LastError, "no socket of that path") })
	lis, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	b.serve(lis)
	s := b.session()
	s.expect(lifecycle)
	f.publish("event")
	s.expect("event")
	link := f.await("connected", connected).Links[0]
	if link.URL != "ws+unix://"+path+":/onebot?..." {
		t.Errorf("URL is shown as %s", link.URL)
	}
	f.stop()
}

func TestUnixSocketWithTLS(t *testing.T) {
	secure, ca, _, _ := tlsBot(t, 0)
	path := filepath.Join(t.TempDir(), "b.sock")
	lis, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	front := &gate{t: t, to: secure.addr}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if conn, err := lis.Accept(); err == nil {
			front.pass(conn)
		}
	}()
	conf := secure.config("x")
	conf.URL, conf.TLS = "wss+unix://"+path, TLS{CA: ca, ServerName: "example.com"}
	converse(t, secure, conf)
	lis.Close()
	<-ended
}
