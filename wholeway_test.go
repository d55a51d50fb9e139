package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"nhooyr.io/websocket"

	"echogate/protocol/protocoltest/racelist"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/host"
)

// commandVariable makes this test binary the echogate command itself, for tests that kill it.
const commandVariable = "WHOLEWAY_COMMAND"

// patience bounds every wait of these tests; it is reached only when something is broken.
const patience = 90 * time.Second

func TestMain(m *testing.M) {
	switch os.Getenv(commandVariable) {
	case "echogate":
		main()
	case "client":
		os.Exit(clientMain(os.Args[1:]))
	default:
		os.Exit(racelist.Run(m))
	}
}

// frame is what a bot reads of an event or an answer.
type frame struct {
	PostType    string          `json:"post_type"`
	MetaType    string          `json:"meta_event_type"`
	MessageType string          `json:"message_type"`
	NoticeType  string          `json:"notice_type"`
	GroupID     int64           `json:"group_id"`
	UserID      int64           `json:"user_id"`
	MessageID   int32           `json:"message_id"`
	RawMessage  string          `json:"raw_message"`
	Echo        json.RawMessage `json:"echo"`
	Status      string          `json:"status"`
	Retcode     int             `json:"retcode"`
	Msg         string          `json:"msg"`
	Wording     string          `json:"wording"`
	Data        json.RawMessage `json:"data"`

	raw string
}

// bot is a OneBot application's end of the reverse WebSocket, with everything that it was sent.
type bot struct {
	url string

	mu      sync.Mutex
	conn    *websocket.Conn
	frames  []frame
	answers map[string]frame // by echo as it was written
	groups  int              // group messages among frames
	changed chan struct{}    // closed and replaced when frames or conn change
}

func newBot(t *testing.T) *bot {
	b := &bot{answers: map[string]frame{}, changed: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(server.Close)
	b.url = "ws" + strings.TrimPrefix(server.URL, "http") + "/"
	return b
}

func (b *bot) serve(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(64 << 20)
	b.update(func() { b.conn = conn })
	for {
		_, data, err := conn.Read(r.Context())
		if err != nil {
			b.update(func() {
				if b.conn == conn {
					b.conn = nil
				}
			})
			return
		}
		f := frame{raw: string(data)}
		if err := json.Unmarshal(data, &f); err != nil {
			f.Wording = "NOT JSON: " + err.Error()
		}
		b.update(func() {
			b.frames = append(b.frames, f)
			if f.MessageType == "group" {
				b.groups++
			}
			if f.PostType == "" {
				b.answers[string(f.Echo)] = f
			}
		})
	}
}

func (b *bot) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

// groupMessages counts the messages from groups so far.
func (b *bot) groupMessages() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.groups
}

// wait returns all frames once done is content with them.
func (b *bot) wait(t *testing.T, what string, done func([]frame) bool) []frame {
	t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		frames, changed := b.frames, b.changed
		b.mu.Unlock()
		if done(frames) {
			return frames
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%s: not within %v; %d frames", what, patience, len(frames))
		}
	}
}

// waitConnected waits for the n-th lifecycle event, counted from 1.
func (b *bot) waitConnected(t *testing.T, n int) {
	t.Helper()
	b.wait(t, "connection", func(frames []frame) bool {
		return count(frames, func(f frame) bool { return f.MetaType == "lifecycle" }) >= n
	})
}

func count(frames []frame, is func(frame) bool) (n int) {
	for _, f := range frames {
		if is(f) {
			n++
		}
	}
	return n
}

// send writes one frame as it is.
func (b *bot) send(t *testing.T, data string) {
	t.Helper()
	b.mu.Lock()
	conn := b.conn
	b.mu.Unlock()
	if conn == nil {
		t.Fatalf("send %.80s: no connection", data)
	}
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(data)); err != nil {
		t.Fatalf("send %.80s: %v", data, err)
	}
}

// call sends an action and waits for its answer.
func (b *bot) call(t *testing.T, action string, params any, echo string) frame {
	t.Helper()
	data, err := json.Marshal(map[string]any{"action": action, "params": params, "echo": echo})
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, string(data))
	return b.answer(t, `"`+echo+`"`)
}

// answer waits for the answer with this echo.
func (b *bot) answer(t *testing.T, echo string) (found frame) {
	t.Helper()
	b.wait(t, "answer to "+echo, func([]frame) (ok bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		found, ok = b.answers[echo]
		return ok
	})
	return found
}

// connectTo is an endpoint of the default configuration.
func connectTo(name, url string) EndpointConfig {
	c := defaultEndpoint()
	c.Name, c.URL = name, url
	return c
}

// simulate runs the whole daemon in the world until the test ends, and then demands that it ended well and that the
// sandbox answered everything.
func simulate(t *testing.T, world *sandbox.World, endpoints ...EndpointConfig) *host.Host {
	t.Helper()
	config := defaultConfig()
	config.Endpoints = endpoints
	return simulateConfig(t, world, config)
}

// simulateFile runs the daemon with a configuration file, in the default world.
func simulateFile(t *testing.T, path string) *host.Host {
	t.Helper()
	config, err := loadConfig(path, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	return simulateConfig(t, sandbox.Default(), config)
}

func simulateConfig(t *testing.T, world *sandbox.World, config Config) *host.Host {
	t.Helper()
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel)
	h, err := host.Listen(t.Context(), world, "127.0.0.1:0", "", log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	dir := t.TempDir()
	go func() { ended <- runSimulated(ctx, h, 0, &daemon{config: config, dir: dir, log: log}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("daemon: %v", err)
		}
		if unanswered := h.Server.Unanswered(); len(unanswered) > 0 {
			t.Errorf("the sandbox left unanswered: %v", unanswered)
		}
	})
	return h
}

func TestDemo(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"demo"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), errs.String())
	}
	if !strings.Contains(out.String(), "4 of 4 expected replies arrived in the world") {
		t.Errorf("no summary in\n%s", out.String())
	}
}

// firstGroup is the number of the first of manyGroups.
const firstGroup = 40001

// manyGroups is a world with one talkative user, who is the bot's friend, and n groups of both.
func manyGroups(t *testing.T, n int) *sandbox.World {
	t.Helper()
	var file strings.Builder
	file.WriteString("bot: 10001\naccounts:\n  - {user_id: 10001, nickname: bot, friends: {20001: ''}}\n  - {user_id: 20001, nickname: talker}\ngroups:\n")
	for i := range n {
		fmt.Fprintf(&file, "  - {group_id: %d, name: group %d, members: [{user_id: 20001, role: owner}, {user_id: 10001}]}\n", firstGroup+i, i)
	}
	world, err := sandbox.Load(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	return world
}
