package racelist

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Two ways to run this binary's tests as a child process whose TestMain is Run, as other packages have it.
const scenario = "RACELIST_SCENARIO"

func TestMain(m *testing.M) {
	if os.Getenv(scenario) != "" {
		os.Exit(Run(m))
	}
	os.Exit(m.Run())
}

func TestScenario(t *testing.T) {
	switch os.Getenv(scenario) {
	case "race":
		shared := 0
		var wg sync.WaitGroup
		wg.Go(func() { shared++ })
		wg.Go(func() { shared++ })
		wg.Wait()
	case "fail":
		t.Error("the scenario asks for a failure")
	case "exit":
		os.Exit(7)
	}
}

func TestRunOfARealBinary(t *testing.T) {
	raced := 0
	if detecting {
		raced = 1
	}
	for name, c := range map[string]struct {
		code int
		out  string
	}{"pass": {0, "PASS"}, "fail": {1, "asks for a failure"}, "exit": {7, ""}, "race": {raced, ""}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(scenario, name)
			var out bytes.Buffer
			code, err := self([]string{"-test.run=^TestScenario$"}, os.Environ(), &out, &out)
			if err != nil || code != c.code || !strings.Contains(out.String(), c.out) {
				t.Fatalf("code %d, %v, want %d\n%s", code, err, c.code, out.String())
			}
			if name == "race" && detecting && !strings.Contains(out.String(), "data race with echogate/protocol/protocoltest/racelist.TestScenario") {
				t.Errorf("the race is not named:\n%s", out.String())
			}
		})
	}
}

// pass is what a child process does in a made-up run.
type pass struct {
	code   int
	report string // the watching pass only
	err    error
}

func TestPasses(t *testing.T) {
	known := Known()[0].Functions[0]
	listed := text([]string{miraiGo + known}, []string{miraiGo + known})
	ours := text([]string{module + ".f"}, []string{miraiGo + known})
	for name, c := range map[string]struct {
		watching, deciding pass
		code               int
		out                string
	}{
		"clean":                 {pass{}, pass{}, 0, "deciding"},
		"known race":            {pass{code: 1, report: listed}, pass{}, 0, "deciding"},
		"known race and a fail": {pass{code: 1, report: listed}, pass{code: 1}, 1, "deciding"},
		"fail without races":    {pass{code: 1}, pass{code: 1}, 1, "deciding"},
		"our race":              {pass{code: 1, report: ours}, pass{}, 1, "FAIL: 1 data races"},
		"our race, unnoticed":   {pass{report: ours + listed + ours}, pass{}, 1, "FAIL: 2 data races"},
		"crash while watching":  {pass{code: 2, report: listed}, pass{}, 2, "watching"},
		"crash":                 {pass{code: 1, report: listed}, pass{code: 2}, 2, "deciding"},
		"no process":            {pass{err: errors.New("no such file")}, pass{}, 1, "no such file"},
		"no process to decide":  {pass{}, pass{err: errors.New("gone")}, 1, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			dir := t.TempDir()
			p := passes{dir: dir, args: []string{"-test.v=false", "-test.coverprofile=x", "--test.testlogfile=y"}, out: &out, err: &out}
			p.exec = func(args, env []string, o, _ io.Writer) (int, error) {
				this, name := c.watching, "watching"
				if strings.Contains(env[len(env)-1], "report_bugs=0") {
					this, name = c.deciding, "deciding"
				}
				want := p.args
				if name == "watching" {
					want = p.args[:1] // it writes no files
				}
				if !slices.Equal(args, want) || !slices.Contains(env, passVariable+"=1") {
					t.Errorf("%s pass got %q", name, args)
				}
				io.WriteString(o, name)
				if this.report != "" {
					if err := os.WriteFile(filepath.Join(dir, "report.1"), []byte(this.report), 0o600); err != nil {
						t.Error(err)
					}
				}
				return this.code, this.err
			}
			if code := p.run(); code != c.code || !strings.Contains(out.String(), c.out) {
				t.Errorf("code %d, want %d with %q\n%s", code, c.code, c.out, out.String())
			}
		})
	}
}

func TestSummary(t *testing.T) {
	f := miraiGo + Known()[0].Functions[0]
	var out bytes.Buffer
	p := passes{out: &out}
	if n := p.judge(parse([]byte(text(nil, []string{f}) + text([]string{f}, []string{f})))); n != 0 {
		t.Fatalf("%d unlisted", n)
	}
	halves := 0
	for _, r := range parse([]byte(text(nil, []string{f}) + text([]string{f}, []string{f}))) {
		if r.half() {
			halves++
		}
	}
	out.Reset()
	p.summarize(map[string]int{Known()[0].State: 2}, halves)
	for _, want := range []string{"2 known races of MiraiGo on " + Known()[0].State, "1 of them judged by one access alone"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("summary %q lacks %q", out.String(), want)
		}
	}
}
