// Package racelist lets test binaries that drive a MiraiGo client pass under the race detector without hiding a race
// of ours.
//
// MiraiGo races within itself (Known lists where), and package testing fails a test for any report, whoever raced. A
// package whose tests drive MiraiGo calls this package once:
//
//	func TestMain(m *testing.M) { os.Exit(racelist.Run(m)) }
//
// Without -race nothing changes. With -race the test binary runs itself twice, at the same time. One pass collects the
// detector's reports in files; each must be on the list, with both accesses in MiraiGo's own functions. Whether its
// tests pass does not count, because any report fails one. That is for the other pass, in which the detector is silent.
// The detector's suppression files would do with one pass, but they match any frame of either stack and would hide races
// of ours with MiraiGo.
//
// The detector loses the stack of an access that lies far back. Then the other access decides alone, and a race of ours
// could pass for MiraiGo's. With -v it is told how many reports were judged so.
//
// Tests must therefore not mind a twin: no fixed ports, no fixed files. Processes and goroutines have ended when Run
// returns.
package racelist

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// passVariable marks the environment of the two passes, whose tests run directly.
const passVariable = "RACELIST_PASS"

// Run runs the tests of m and returns the exit code for os.Exit: 0 only if the tests pass and, under the race
// detector, every report is a known race of MiraiGo.
func Run(m *testing.M) int {
	if !detecting || os.Getenv(passVariable) != "" {
		return m.Run()
	}
	flag.Parse()
	for _, direct := range []string{"test.fuzz", "test.bench", "test.list"} {
		if f := flag.Lookup(direct); f != nil && f.Value.String() != "" {
			return m.Run()
		}
	}
	dir, err := os.MkdirTemp("", "racelist")
	if err != nil {
		fmt.Fprintln(os.Stderr, "racelist:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	return passes{exec: self, dir: dir, args: os.Args[1:], out: os.Stdout, err: os.Stderr}.run()
}

// Detecting reports whether the race detector is built in. Under it everything takes many times longer, so that a test may
// do the same with less.
func Detecting() bool { return detecting }

// passes is one run of the test binary under the race detector.
type passes struct {
	exec     func(args, env []string, out, err io.Writer) (int, error)
	dir      string // for the reports
	args     []string
	out, err io.Writer
}

func (p passes) run() int {
	var out, errs bytes.Buffer
	var watched int
	var watchErr error
	var watching sync.WaitGroup
	watching.Go(func() {
		options := "log_path=" + filepath.Join(p.dir, "report") + " history_size=7 exitcode=0 halt_on_error=0 atexit_sleep_ms=0"
		watched, watchErr = p.exec(withoutFiles(p.args), detectorOptions(options), &out, &errs)
	})
	code, err := p.exec(p.args, detectorOptions("report_bugs=0 atexit_sleep_ms=0"), p.out, p.err)
	watching.Wait()
	reports, readErr := readReports(p.dir)
	if err := errors.Join(err, watchErr, readErr); err != nil {
		fmt.Fprintln(p.err, "racelist:", err)
		return 1
	}
	if watched != 0 && watched != 1 {
		// A crash: the pass did not see everything, and its output is the only trace of why.
		_, _ = out.WriteTo(p.out)
		_, _ = errs.WriteTo(p.err)
		code = max(code, watched)
	}
	if n := p.judge(reports); n > 0 {
		fmt.Fprintf(p.out, "FAIL: %d data races that are not on the list of MiraiGo's own\n", n)
		code = max(code, 1)
	}
	return code
}

// judge prints what is not on the list and counts it; of the known ones it tells only how many there were.
func (p passes) judge(reports []report) (unlisted int) {
	lost, seen := 0, map[string]int{}
	for _, r := range reports {
		name, err := r.known(Known())
		if err != nil {
			unlisted++
			fmt.Fprintf(p.out, "racelist: %v\n%s\n", err, r.text)
			continue
		}
		seen[name]++
		if r.half() {
			lost++
		}
	}
	if flag.Lookup("test.v") != nil && testing.Verbose() {
		p.summarize(seen, lost)
	}
	return unlisted
}

// summarize tells how often each known race was seen, and how many of them by one access alone.
func (p passes) summarize(seen map[string]int, lost int) {
	for _, k := range Known() {
		if n := seen[k.State]; n > 0 {
			fmt.Fprintf(p.out, "racelist: %d known races of MiraiGo on %s\n", n, k.State)
		}
	}
	if lost > 0 {
		fmt.Fprintf(p.out, "racelist: %d of them judged by one access alone, the other's stack was lost\n", lost)
	}
}

// self runs the test binary itself.
func self(args, env []string, out, errs io.Writer) (int, error) {
	path, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find test binary: %w", err)
	}
	c := &exec.Cmd{Path: path, Args: append([]string{path}, args...), Env: env, Stdout: out, Stderr: errs}
	if err := c.Run(); c.ProcessState == nil {
		return 0, fmt.Errorf("run test binary: %w", err)
	}
	if code := c.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 2, nil // ended by a signal
}

// detectorOptions is this process's environment with the options for the race detector appended to GORACE, of which
// the last mention of an option counts.
func detectorOptions(options string) []string {
	return append(os.Environ(), passVariable+"=1", "GORACE="+strings.TrimSpace(os.Getenv("GORACE")+" "+options))
}

// withoutFiles leaves out what makes a test binary write files: only the pass that decides may do that.
func withoutFiles(args []string) []string {
	writers := []string{
		"-test.coverprofile", "-test.cpuprofile", "-test.memprofile", "-test.blockprofile", "-test.mutexprofile",
		"-test.trace", "-test.testlogfile", "-test.gocoverdir",
	}
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool {
		name, _, _ := strings.Cut(a, "=")
		return slices.Contains(writers, "-"+strings.TrimLeft(name, "-"))
	})
}
