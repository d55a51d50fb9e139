//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// secret is the access token between the daemon and NoneBot. Koishi's reverse WebSocket knows no token.
const secret = "a secret of the test"

// bot is a bot framework: a program that can be ended and started again, and the journal that it keeps.
type bot struct {
	name    string // what it puts in front of everything it says
	url     string // where the daemon finds it
	token   string
	argv    []string
	environ []string
	journal string
	log     string
	owner   *testing.T // the test that it lives for, also when a subtest started it again
	process *process
	links   int // connections that the daemon should have made so far
	broken  int // of them, those that the test ended while the framework lived
}

// entry is one line of a bot's journal.
type entry struct {
	Kind      string   `json:"kind"`  // connected, disconnected, event, message, sent, unresolved
	Model     string   `json:"model"` // NoneBot: the class it chose for the event
	MessageID int64    `json:"message_id"`
	GroupID   int64    `json:"group_id"`
	UserID    int64    `json:"user_id"`
	Text      string   `json:"text"`
	IDs       []string `json:"ids"` // unresolved: messages that get_msg gave back changed, and how
}

// newNoneBot describes a NoneBot that listens on a port of its own.
func newNoneBot(t *testing.T, dir string) *bot {
	t.Helper()
	address, port := freeAddress(t)
	b := &bot{owner: t, name: "nonebot", url: "ws://" + address + "/onebot/v11/ws", token: secret}
	b.argv = []string{testdata(t, "nonebot", ".venv", "bin", "python"), testdata(t, "nonebot", "bot.py")}
	return b.in(dir, "PORT="+port, "ACCESS_TOKEN="+secret, "PYTHONUNBUFFERED=1")
}

// newKoishi describes a Koishi that listens on a port of its own.
func newKoishi(t *testing.T, dir string) *bot {
	t.Helper()
	testdata(t, "koishi", "node_modules", "koishi")
	address, port := freeAddress(t)
	b := &bot{owner: t, name: "koishi", url: "ws://" + address + "/onebot"}
	b.argv = []string{"node", testdata(t, "koishi", "bot.js")}
	return b.in(dir, "PORT="+port, "SELF_ID="+strconv.Itoa(self))
}

func (b *bot) in(dir string, environ ...string) *bot {
	b.journal = filepath.Join(dir, b.name+".journal")
	b.log = filepath.Join(dir, b.name+".log")
	b.environ = slices.Concat(environ, []string{"JOURNAL=" + b.journal})
	return b
}

// testdata is the absolute path of a file under testdata, which .ci/frameworks must have installed.
func testdata(t *testing.T, path ...string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%v: run .ci/frameworks first", err)
	}
	return file
}

// freeAddress is a loopback address on which nothing listens, and its port.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address = listener.Addr().String()
	_, port, err = net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return address, port
}

// start starts the framework, for the first time or again.
func (b *bot) start() {
	b.owner.Helper()
	b.process = start(b.owner, b.name, b.log, b.environ, b.argv...)
}

// entries reads the journal: everything of one kind, over all lives of the process.
func (b *bot) entries(t *testing.T, kind string) []entry {
	t.Helper()
	data, err := os.ReadFile(b.journal)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var list []entry
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // being written
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("journal of %s: %v in %s", b.name, err, line)
		}
		if e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// awaitConnected waits until the daemon has connected to the framework once more: once, never twice.
func (b *bot) awaitConnected(t *testing.T) {
	t.Helper()
	b.links++
	eventually(t, "connect to "+b.name, func() error {
		if err := b.process.running(); err != nil {
			t.Fatal(err)
		}
		if n := len(b.entries(t, "connected")); n != b.links {
			return fmt.Errorf("connected %d times, want %d", n, b.links)
		}
		return nil
	})
}

// sentID is the message id that the framework was given for something it said.
func (b *bot) sentID(t *testing.T, text string) int64 {
	t.Helper()
	var id int64
	eventually(t, b.name+" was answered", func() error {
		for _, e := range b.entries(t, "sent") {
			if e.Text == text {
				id = e.MessageID
				return nil
			}
		}
		return fmt.Errorf("no id for %q in its journal", text)
	})
	return id
}

// receivedID is the message id under which the framework received a text.
func (b *bot) receivedID(t *testing.T, text string) int64 {
	t.Helper()
	var id int64
	eventually(t, b.name+" received", func() error {
		for _, e := range b.entries(t, "message") {
			if e.Text == text {
				id = e.MessageID
				return nil
			}
		}
		return fmt.Errorf("no message %q in its journal", text)
	})
	return id
}

var (
	// complaint finds in both logs what no framework must have to say: errors and warnings of either (loguru's level in brackets,
	// Koishi's letter), Python's and JavaScript's stack traces, NoneBot's quiet complaint (level DEBUG) about a field of an event.
	complaint = regexp.MustCompile(`\[(ERROR|WARNING|CRITICAL)\]|^\[[EW]\]|Traceback \(most recent|^\s+at .+:\d+:\d+\)?$|` +
		`Event Parser Error|ValidationError|validation error|[Uu]ncaught|[Uu]nhandled`)
	// parting is how NoneBot mentions the end of a connection. It may, once for every connection that the test broke.
	parting = regexp.MustCompile(`WebSocket for Bot \d+ closed by peer`)
)

// content checks what the framework thought of the daemon: no complaint in its log, no event that it did not understand.
func (b *bot) content(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(b.log)
	if err != nil {
		t.Fatal(err)
	}
	partings := 0
	for line := range strings.Lines(string(log)) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case parting.MatchString(line):
			partings++
		case complaint.MatchString(line):
			t.Errorf("%s complained: %s", b.name, line)
		}
	}
	if partings > b.broken {
		t.Errorf("%s lost its connection %d times, want at most %d", b.name, partings, b.broken)
	}
	understood := 0
	for _, kind := range []string{"message", "event"} {
		for _, e := range b.entries(t, kind) {
			understood++
			switch e.Model {
			case "Event", "MessageEvent", "NoticeEvent", "RequestEvent", "MetaEvent":
				t.Errorf("%s degraded an event to %s: %+v", b.name, e.Model, e)
			}
		}
	}
	if understood == 0 {
		t.Errorf("%s received nothing at all", b.name)
	}
	if dropped := strings.Count(string(log), "Failed to parse event"); dropped > 0 {
		t.Errorf("%s dropped %d events", b.name, dropped)
	}
}
