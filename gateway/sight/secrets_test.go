package sight

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"nhooyr.io/websocket"

	"echogate/gateway"
)

// logbook collects log lines from many goroutines.
type logbook struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// deaf is a handler that answers nothing.
type deaf struct{}

func (deaf) Accept([]byte) gateway.Call { return nil }

// runGateway runs a gateway with the endpoints until the test ends.
func runGateway(t *testing.T, log zerolog.Logger, confs ...gateway.Config) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(confs, gateway.Options{
		SelfID:    func() int64 { return 10001 },
		Lifecycle: func() []byte { return []byte("{}") },
		Heartbeat: func(time.Duration) []byte { return nil },
		Handler:   func(string) gateway.Handler { return deaf{} },
		Log:       log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return g
}

// TestSecretsNeverAppear shows a real gateway that works with secrets in every place which a configuration has for them:
// one endpoint is connected, one is refused, one is closed with a reason that repeats the token.
func TestSecretsNeverAppear(t *testing.T) {
	framework := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer canary-token" || r.URL.Query().Get("key") != "canary-query" {
			t.Errorf("handshake came without its secrets: %v", r.Header)
		}
		if r.URL.Path == "/refused" {
			http.Error(w, "canary-token", http.StatusForbidden)
			return
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		if r.URL.Path == "/closed" {
			ws.Close(websocket.StatusPolicyViolation, "canary-token is wrong")
			return
		}
		for err == nil {
			_, _, err = ws.Read(t.Context()) //nolint:contextcheck // the context of the request ends with the handshake
		}
		ws.CloseNow()
	}))
	defer framework.Close()
	var confs []gateway.Config
	for _, name := range []string{"open", "refused", "closed"} {
		conf := gateway.DefaultConfig()
		conf.Name, conf.AccessToken = name, "canary-token"
		conf.URL = strings.Replace(framework.URL, "http://", "ws://canary-user:canary-password@", 1) + "/" + name + "?key=canary-query"
		conf.Headers = map[string]string{"X-Secret": "canary-header"}
		confs = append(confs, conf)
	}
	var log logbook
	links := runGateway(t, zerolog.New(&log).Level(zerolog.TraceLevel), confs...)
	s, err := New(Options{Endpoints: links.Status, QQ: account, Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	shown := await(t, s, `"open","connected":true`, "check access_token, the path", "*** is wrong")
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/"} {
		_, body := get(t, s, path)
		shown += body
	}
	shown += log.String()
	for _, want := range []string{"endpoint connected", "echogate_endpoint_link_dials_total", "not ready", "/refused?..."} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown: the test looks at too little", want)
		}
	}
	if i := strings.Index(shown, "canary"); i >= 0 {
		t.Errorf("a secret is shown: %.200s", shown[max(0, i-100):])
	}
}

// await asks for the status until it has all the parts, and returns it.
func await(t *testing.T, s *Sight, parts ...string) string {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-tick.C {
		_, body := get(t, s, "/status")
		missing := ""
		for _, part := range parts {
			if !strings.Contains(body, part) {
				missing = part
			}
		}
		if missing == "" {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("status never has %q: %s", missing, body)
		}
	}
}
