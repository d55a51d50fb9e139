//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// settle bounds every wait for another process. It is far above what any of them needs, so that a busy machine fails no test.
const settle = 60 * time.Second

// process is a program that a test started. It is ended, at the latest, when that test is over.
type process struct {
	name string
	log  string // the file with its standard output and error
	cmd  *exec.Cmd
	// stdin is never written to. Its end tells the bots that the test is gone, even when the test could not clean up.
	stdin io.Closer
	ended chan struct{} // closed when the process has ended
	state error         // how it ended; to be read after ended
}

// start runs a command, with its output appended to the file log.
func start(t *testing.T, name, log string, environ []string, argv ...string) *process {
	t.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &process{name: name, log: log, ended: make(chan struct{})}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir = filepath.Dir(log)
	p.cmd.Env = append(os.Environ(), environ...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.state = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill(t)
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, tail(log))
		}
	})
	return p
}

// kill ends the process at once, as a power cut would, and waits for it.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.signal(t, os.Kill)
}

// stop asks the process to end and waits for it.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal %s: %v", p.name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(settle):
		t.Errorf("%s did not end within %v after %v", p.name, settle, s)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// running is an error as soon as the process has ended.
func (p *process) running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended: %s", p.name, p.cmd.ProcessState)
	default:
		return nil
	}
}

// alarm finds in the log of echogate what it must not have to say: its own errors, crashes, reports of the race detector.
var alarm = regexp.MustCompile(`^\S+ \S+ (ERR|FTL|PNC) |^panic: |^fatal error: |DATA RACE`)

// calm checks the log of an echogate, over all its lives.
func (p *process) calm(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if alarm.MatchString(line) {
			t.Errorf("%s logged: %s", p.name, line)
		}
	}
}

// tail is the last part of a log, enough to see what went wrong.
func tail(log string) []byte {
	const limit = 12_000
	data, err := os.ReadFile(log)
	if err != nil {
		return []byte(err.Error())
	}
	return data[max(0, len(data)-limit):]
}

// eventually polls until check returns nil, and fails the test with the last error after settle.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(settle)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %v", what, err)
		}
	}
}
