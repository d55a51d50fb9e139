package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"nhooyr.io/websocket"
)

const lifecycle = `{"meta_event_type":"lifecycle","self_id":10001}`

// handlerFunc is a Handler without state.
type handlerFunc func(frame []byte) Call

func (f handlerFunc) Accept(frame []byte) Call { return f(frame) }

// echo answers every frame with itself.
func echo(frame []byte) Call {
	return func(context.Context) []byte { return append([]byte("re:"), frame...) }
}

// fixture is a gateway under test.
type fixture struct {
	*Gateway
	t    *testing.T
	log  *logbook
	quit context.CancelFunc
	done chan struct{}
}

// options are those of a healthy daemon; tests change what they are about.
func options(dial DialFunc) Options {
	return Options{
		SelfID:    func() int64 { return 10001 },
		Lifecycle: func() []byte { return []byte(lifecycle) },
		Heartbeat: func(d time.Duration) []byte { return fmt.Appendf(nil, `{"interval":%d}`, d.Milliseconds()) },
		Handler:   func(string) Handler { return handlerFunc(echo) },
		UserAgent: "echogate/test",
		Dial:      dial,
	}
}

// build makes a gateway that does not run yet.
func build(t *testing.T, o Options, confs ...Config) *fixture {
	t.Helper()
	f := &fixture{t: t, log: &logbook{}, done: make(chan struct{})}
	o.Log = zerolog.New(f.log)
	var err error
	if f.Gateway, err = New(confs, o); err != nil {
		t.Fatal(err)
	}
	return f
}

// start runs a gateway until the test ends or stop is called.
func start(t *testing.T, o Options, confs ...Config) *fixture {
	t.Helper()
	f := build(t, o, confs...)
	f.run()
	return f
}

func (f *fixture) run() {
	ctx, cancel := context.WithCancel(f.t.Context())
	f.quit = cancel
	go func() {
		defer close(f.done)
		if err := f.Run(ctx); err != nil {
			f.t.Errorf("Run: %v", err)
		}
	}()
	f.t.Cleanup(f.stop)
}

// stop ends Run and waits for it.
func (f *fixture) stop() {
	f.quit()
	<-f.done
}

// publish publishes an event that is the same in both formats.
func (f *fixture) publish(events ...string) {
	for _, e := range events {
		f.Publish(Event{Array: []byte(e), String: []byte(e)})
	}
}

// await waits until the status of the first endpoint is as wanted.
func (f *fixture) await(what string, ok func(EndpointStatus) bool) EndpointStatus {
	f.t.Helper()
	return f.awaitAt(0, what, ok)
}

// awaitAt waits until the status of the i-th endpoint is as wanted.
func (f *fixture) awaitAt(i int, what string, ok func(EndpointStatus) bool) EndpointStatus {
	f.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-tick.C {
		s := f.Status()[i]
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("waiting for %s: status is %+v, log:\n%s", what, s, f.log)
		}
	}
}

func connected(s EndpointStatus) bool { return s.Connected }

// logbook collects log lines.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
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

// messages returns the messages logged so far.
func (l *logbook) messages(t *testing.T) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(l.String()) {
		var entry struct{ Message string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		all = append(all, entry.Message)
	}
	return all
}

func TestUniversalLink(t *testing.T) {
	b := newBot(t)
	f := build(t, options(nil), b.config("nonebot"))
	f.publish("early") // before Run
	f.run()
	s := b.session()
	s.expect(lifecycle, "early")
	f.publish("one", "two")
	s.expect("one", "two")
	s.send("action")
	s.expect("re:action")

	st := f.await("connected", connected)
	link := st.Links[0]
	if st.Name != "nonebot" || st.SentEvents != 3 || st.QueuedEvents != 0 || len(st.Links) != 1 {
		t.Errorf("status is %+v", st)
	}
	if link.Role != RoleUniversal || link.Since.IsZero() || link.Reconnects != 0 || link.LastError != "" {
		t.Errorf("link status is %+v", link)
	}
	f.stop()
	if ce := (websocket.CloseError{}); !errors.As(s.end(), &ce) || ce.Code != websocket.StatusGoingAway {
		t.Errorf("bot saw %v, want close 1001", s.err)
	}
	if st := f.Status()[0]; st.Connected {
		t.Error("still connected after Run")
	}
	if got, want := f.log.messages(t), []string{"endpoint connected", "endpoint closed"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	if err := f.Run(t.Context()); err == nil {
		t.Error("Run twice: no error")
	}
}

func TestAPIAndEventLinks(t *testing.T) {
	b := newBot(t)
	conf := b.config("aiocqhttp")
	conf.APIURL, conf.EventURL, conf.URL = conf.URL+"/api", conf.URL+"/event", ""
	conf.Heartbeat = 20 * time.Millisecond
	f := start(t, options(nil), conf)
	links := map[string]*session{}
	for range 2 {
		s := b.session()
		links[s.header.Get("X-Client-Role")] = s
	}
	api, event := links["API"], links["Event"]
	if api == nil || event == nil {
		t.Fatalf("roles are %v", links)
	}
	event.expect(lifecycle, `{"interval":20}`)
	event.send("an action on the event link is ignored")
	api.send("action")
	api.expect("re:action")
	f.publish("e")
	for event.next() != "e" {
	}
	f.await("connected", connected)
	if len(api.frames) != 0 {
		t.Errorf("API link got %q", <-api.frames)
	}
	event.kill()
	again := b.session()
	if role := again.header.Get("X-Client-Role"); role != "Event" {
		t.Errorf("%s was dialled again", role)
	}
	again.expect(lifecycle)
	api.send("still here")
	api.expect("re:still here")
}

func TestFormats(t *testing.T) {
	a, s := newBot(t), newBot(t)
	conf := s.config("old")
	conf.Format = "string"
	f := start(t, options(nil), a.config("new"), conf)
	f.Publish(Event{Array: []byte("[array only]")})
	f.Publish(Event{Array: []byte("[array]"), String: []byte("CQ")})
	a.session().expect(lifecycle, "[array only]", "[array]")
	s.session().expect(lifecycle, "CQ")
}

func TestNewRejects(t *testing.T) {
	b := newBot(t)
	for want, confs := range map[string][]Config{
		"endpoints[a].name: is used twice":                     {b.config("a"), b.config("a")},
		"endpoints[b].url: is the address of endpoints[a] too": {b.config("a"), func() Config { c := b.config("a"); c.Name = "b"; return c }()},
		"endpoints[a].format: \"\" is not array or string":     {{Name: "a", URL: "ws://x"}},
	} {
		if _, err := New(confs, options(nil)); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := New(nil, Options{}); err == nil {
		t.Error("no error without options")
	}
}
