// Package racelist lets test binaries that drive a MiraiGo client pass under the race detector without hiding a race
// of ours.
//
// MiraiGo races within itself (Known lists where), and package testing fails a test for any report, whoever raced. A
// package whose tests drive MiraiGo calls this package once:
//
//	func TestMain(m *testing.M) { os.Exit(racelist.Run(m)) }
//
// Without -race nothing changes. With -race the test binary runs itself again, twice at most. The first pass collects
// the detector's reports in files; each must be on the list, with both accesses in MiraiGo's own functions. If there
// were reports, or a test failed, a second pass with the detector silent tells whether the tests themselves pass. The
// detector's suppression files would do with one pass, but they match any frame of either stack and would hide races
// of ours with MiraiGo.
//
// The package starts processes, never goroutines; the processes have ended when Run returns.
package racelist

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// passes is one run of the test binary under the race detector.
type passes struct {
	exec     func(args, env []string, out, err io.Writer) (int, error)
	dir      string // for the reports
	args     []string
	out, err io.Writer
}

func (p passes) run() int {
	var out, errs bytes.Buffer
	log := filepath.Join(p.dir, "report")
	code, err := p.exec(withoutFiles(p.args), detectorOptions("log_path="+log+" history_size=7 exitcode=0 halt_on_error=0"), &out, &errs)
	if err != nil {
		fmt.Fprintln(p.err, "racelist:", err)
		return 1
	}
	reports, err := readReports(p.dir)
	if err != nil {
		fmt.Fprintln(p.err, "racelist:", err)
		return 1
	}
	unlisted := p.judge(reports)
	switch {
	case code != 0 && code != 1:
		// A crash: the pass did not see everything, and its output is the only trace of why.
		_, _ = out.WriteTo(p.out)
		_, _ = errs.WriteTo(p.err)
		return code
	case code == 0 && len(reports) == 0 && withFiles(p.args) == "":
		_, _ = out.WriteTo(p.out)
		_, _ = errs.WriteTo(p.err)
		return 0
	}
	code, err = p.exec(p.args, detectorOptions("report_bugs=0"), p.out, p.err)
	if err != nil {
		fmt.Fprintln(p.err, "racelist:", err)
		return 1
	}
	if unlisted > 0 {
		fmt.Fprintf(p.out, "FAIL: %d data races that are not on the list of MiraiGo's own\n", unlisted)
		return max(code, 1)
	}
	return code
}

// judge prints what is not on the list and counts it; of the known ones it tells only how many there were.
func (p passes) judge(reports []report) (unlisted int) {
	seen := map[string]int{}
	for _, r := range reports {
		name, err := r.known(Known())
		if err != nil {
			unlisted++
			fmt.Fprintf(p.out, "racelist: %v\n%s\n", err, r.text)
			continue
		}
		seen[name]++
	}
	if flag.Lookup("test.v") != nil && testing.Verbose() {
		for _, k := range Known() {
			if n := seen[k.State]; n > 0 {
				fmt.Fprintf(p.out, "racelist: %d known races of MiraiGo on %s\n", n, k.State)
			}
		}
	}
	return unlisted
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

// Flags that make a test binary write files. Only one of the passes may do that, and it is the one that decides.
func fileFlags() []string {
	return []string{
		"-test.coverprofile", "-test.cpuprofile", "-test.memprofile", "-test.blockprofile", "-test.mutexprofile",
		"-test.trace", "-test.testlogfile", "-test.gocoverdir",
	}
}

func withoutFiles(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return slices.Contains(fileFlags(), flagName(a)) })
}

// withFiles returns the first flag that asks for a profile, "" if there is none. The log of opened files does not
// count: it only lets the go command cache a pass, and being without it must not cost every clean run a second pass.
func withFiles(args []string) string {
	for _, a := range args {
		if name := flagName(a); slices.Contains(fileFlags(), name) && name != "-test.testlogfile" && name != "-test.gocoverdir" {
			return a
		}
	}
	return ""
}

func flagName(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return "-" + strings.TrimLeft(name, "-")
}
