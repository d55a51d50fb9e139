package gateway

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"nhooyr.io/websocket"
)

func TestTokenFileIsReadAtEveryDial(t *testing.T) {
	b := newBot(t)
	conf := b.config("x")
	conf.AccessTokenFile = filepath.Join(t.TempDir(), "token")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(conf.AccessTokenFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("  first token\r\n")
	f := start(t, options(nil), conf)
	s := b.session()
	if got := s.header.Get("Authorization"); got != "Bearer first token" {
		t.Errorf("Authorization is %q", got)
	}
	write("")
	s.kill()
	want := "access_token_file: " + conf.AccessTokenFile + " is empty"
	f.await(want, func(s EndpointStatus) bool { return s.Links[0].LastError == want })
	write("second")
	if got := b.session().header.Get("Authorization"); got != "Bearer second" {
		t.Errorf("Authorization is %q", got)
	}
}

func TestTokenFileTroubles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing"): "missing: no such file or directory",
		dir:                           dir + " is not a regular file",
		write("empty", " \n"):         "empty is empty",
		write("long", strings.Repeat("CANARY", 1e4)): "long is longer than 16384 bytes",
		write("lines", "CANARY\nCANARY"):             "lines has a control character, perhaps a second line",
	} {
		conf := DefaultConfig()
		conf.Name, conf.URL, conf.AccessTokenFile = "x", "ws://bot.test", path
		err := conf.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), "endpoints[x].access_token_file: ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		} else if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	conf := Config{Headers: map[string]string{"Authorization": "Token header-secret", "X-Short": "1"}}
	secrets := conf.secrets("ws://name:word@h/?q=query%20secret", `to"ken`, &url.URL{User: url.UserPassword("proxyname", "proxyword")})
	text := `"to\"ken" to"ken header-secret name word query%20secret query secret proxyname:proxyword proxyword 1`
	if got, want := redacted(text, secrets), `"***" *** *** *** *** *** *** *** *** 1`; got != want {
		t.Errorf("redacted to %s, want %s", got, want)
	}
}

// TestSecretsStaySecretEverywhere has a far side and a proxy that repeat all they are told, and looks at everything that
// is shown at the most talkative level.
func TestSecretsStaySecretEverywhere(t *testing.T) {
	b := newBot(t)
	b.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch n % 3 {
		case 0:
			w.Header().Set("Location", "ws://CANARY@h/?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		case 1:
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return true
			}
			reason := r.Header.Get("Authorization") + r.Header.Get("X-Key") + r.URL.RawQuery
			ws.Close(websocket.StatusPolicyViolation, reason)
		default:
			return false
		}
		return true
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("CANARY-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := newGate(t, b.addr, "CANARY-name:CANARY-word", nil, serveHTTP)
	locked := newGate(t, b.addr, "another", nil, serveHTTP)
	socks := newGate(t, b.addr, "another", nil, serveSOCKS)
	var confs []Config
	for name, g := range map[string]string{"http": open.addr, "locked": locked.addr, "socks5": socks.addr} {
		conf := b.config(name)
		conf.URL = "ws://CANARY-u:CANARY-p@bot.test/" + name + "?key=CANARY-query"
		conf.AccessTokenFile, conf.Headers = file, map[string]string{"X-Key": "CANARY-header"}
		conf.Proxy = strings.Replace(name, "locked", "http", 1) + "://CANARY-name:CANARY-word@" + g
		confs = append(confs, conf)
	}
	f := &fixture{t: t, log: &logbook{}, done: make(chan struct{})}
	o := options(nil)
	o.Log = zerolog.New(f.log).Level(zerolog.TraceLevel)
	g, err := New(confs, o)
	if err != nil {
		t.Fatal(err)
	}
	f.Gateway = g
	f.run()
	f.publish("event")
	shown := ""
	for range 4 {
		s := b.session()
		s.expect(lifecycle)
		for _, st := range f.Status() {
			for _, l := range st.Links {
				shown += l.URL + " " + l.LastError + "\n"
			}
		}
		s.kill()
	}
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(f.log.String(), "authentication failed"); { // socks
		if time.Now().After(deadline) {
			t.Fatal("the locked proxy was not met")
		}
		s := b.session()
		s.kill()
	}
	f.stop()
	broken := confs[0]
	broken.Proxy = "ftp://CANARY:CANARY@h"
	shown += broken.Validate().Error()
	broken.Proxy = "socks5://CANARY:CANARY@h:x"
	shown += broken.Validate().Error()
	shown += f.log.String()
	if strings.Contains(shown, "CANARY") {
		t.Errorf("a secret is shown: %s", shown)
	}
	for _, seen := range []string{"HTTP 302", "1008", "HTTP 407", "***"} {
		if !strings.Contains(shown, seen) {
			t.Errorf("%q was not met in %s", seen, shown)
		}
	}
}
