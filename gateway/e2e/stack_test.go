//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// self is the account of testdata/world.yml that logs in.
const self = 10001

// program is the echogate binary, built once by TestMain.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "echogate-e2e")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "echogate")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "echogate")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build echogate: %v\n%s", err, out))
	}
	m.Run()
}

// stack is everything between a user and the bots: QQ, the daemon, and both frameworks.
type stack struct {
	world
	nonebot, koishi *bot

	dir    string
	config string
	server *process // QQ, when it runs by itself
	daemon *process
}

func (s *stack) bots() []*bot { return []*bot{s.nonebot, s.koishi} }

// newStack starts both frameworks and writes a configuration that names them. format is that of their events. NoneBot refuses
// the restarted daemon for as long as it works on what the killed one has sent; the tests do not wait longer for that than needed.
func newStack(t *testing.T, format string) *stack {
	t.Helper()
	dir := t.TempDir()
	s := &stack{dir: dir, config: filepath.Join(dir, "config.yml"), nonebot: newNoneBot(t, dir), koishi: newKoishi(t, dir)}
	var config strings.Builder
	fmt.Fprintf(&config, "data: %q\nlog: {level: debug, format: console}\nendpoints:\n", filepath.Join(dir, "data"))
	for _, b := range s.bots() {
		fmt.Fprintf(&config, "  - {name: %s, url: %q, access_token: %q, format: %s, heartbeat: 1s, reconnect: {max: 2s}}\n", b.name, b.url, b.token, format)
		b.start()
	}
	if err := os.WriteFile(s.config, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// startSandbox starts `echogate sandbox`: QQ and the daemon in one process.
func (s *stack) startSandbox(t *testing.T) {
	t.Helper()
	s.control, _ = freeAddress(t)
	s.daemon = start(t, "echogate sandbox", filepath.Join(s.dir, "sandbox.log"), nil,
		program, "sandbox", "--config", s.config, "--world", testdata(t, "world.yml"), "--control", s.control)
	s.awaitControl(t, s.daemon)
	s.connected(t)
}

// startServer starts `echogate sandbox --serve-only`: QQ by itself, which goes on when the daemon dies.
func (s *stack) startServer(t *testing.T) {
	t.Helper()
	s.control, _ = freeAddress(t)
	listen, _ := freeAddress(t)
	s.server = start(t, "echogate sandbox --serve-only", filepath.Join(s.dir, "server.log"), nil,
		program, "sandbox", "--serve-only", "--listen", listen, "--credentials", filepath.Join(s.dir, "data"), "--account", fmt.Sprint(self),
		"--world", testdata(t, "world.yml"), "--control", s.control)
	s.awaitControl(t, s.server)
}

// startDaemon starts `echogate run`, for the first time or again, and waits until both frameworks have it.
func (s *stack) startDaemon(t *testing.T) {
	t.Helper()
	s.daemon = start(t, "echogate run", filepath.Join(s.dir, "daemon.log"), nil, program, "run", "--config", s.config)
	s.connected(t)
}

// killDaemon ends the daemon as a power cut would. Both frameworks notice.
func (s *stack) killDaemon(t *testing.T) {
	t.Helper()
	s.daemon.kill(t)
	for _, b := range s.bots() {
		b.broken++
	}
}

// connected waits until this life of the daemon has connected to both frameworks.
func (s *stack) connected(t *testing.T) {
	t.Helper()
	for _, b := range s.bots() {
		b.awaitConnected(t)
	}
}

func (s *stack) awaitControl(t *testing.T, of *process) {
	t.Helper()
	eventually(t, "control interface", func() error {
		if err := of.running(); err != nil {
			t.Fatal(err)
		}
		return s.try(t, http.MethodGet, "/status", nil, nil)
	})
}

// end stops the daemon as a user would and checks that everybody was content to the last.
func (s *stack) end(t *testing.T) {
	t.Helper()
	var status struct {
		Unanswered    []string `json:"unanswered"`
		RefusedEgress []string `json:"refused_egress"`
	}
	s.call(t, http.MethodGet, "/status", nil, &status)
	if len(status.Unanswered) > 0 {
		t.Errorf("the sandbox does not know these commands: %q", status.Unanswered)
	}
	if len(status.RefusedEgress) > 0 {
		t.Errorf("MiraiGo tried to leave the sandbox: %q", status.RefusedEgress)
	}
	for _, b := range s.bots() {
		b.broken++
	}
	s.daemon.stop(t)
	if s.daemon.state != nil {
		t.Errorf("%s ended with %v, want a clean exit", s.daemon.name, s.daemon.state)
	}
	for _, p := range []*process{s.server, s.daemon} {
		if p != nil {
			p.calm(t)
		}
	}
	for _, b := range s.bots() {
		if err := b.process.running(); err != nil {
			t.Errorf("%v during the test", err)
		}
		b.content(t)
	}
}
