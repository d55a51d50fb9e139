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
	report string
	err    error
}

func TestPasses(t *testing.T) {
	known := Known()[0].Functions[0]
	listed := text([]string{miraiGo + known}, []string{miraiGo + known})
	ours := text([]string{module + ".f"}, []string{miraiGo + known})
	for name, c := range map[string]struct {
		passes []pass
		args   []string
		code   int
		out    string
	}{
		"clean":                     {[]pass{{}}, nil, 0, "out 0"},
		"clean, with a profile":     {[]pass{{}, {}}, []string{"-test.coverprofile=x"}, 0, "out 1"},
		"known race":                {[]pass{{code: 1, report: listed}, {}}, nil, 0, "out 1"},
		"known race, tests fail":    {[]pass{{code: 1, report: listed}, {code: 1}}, nil, 1, "out 1"},
		"tests fail without races":  {[]pass{{code: 1}, {code: 1}}, nil, 1, "out 1"},
		"our race":                  {[]pass{{code: 1, report: ours}, {}}, nil, 1, "FAIL: 1 data races"},
		"our race, nobody noticed":  {[]pass{{code: 0, report: ours}, {}}, nil, 1, "FAIL: 1 data races"},
		"crash":                     {[]pass{{code: 2, report: listed}}, nil, 2, "out 0"},
		"crash in the second pass":  {[]pass{{code: 1, report: listed}, {code: 2}}, nil, 2, "out 1"},
		"cannot start":              {[]pass{{err: errors.New("no such file")}}, nil, 1, "no such file"},
		"cannot start second child": {[]pass{{code: 1}, {err: errors.New("gone")}}, nil, 1, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			dir := t.TempDir()
			next := 0
			p := passes{dir: dir, args: append([]string{"-test.v=false"}, c.args...), out: &out, err: &out}
			p.exec = func(args, env []string, o, _ io.Writer) (int, error) {
				this := c.passes[next]
				if slices.Contains(args, "-test.coverprofile=x") != (next == 1 && c.args != nil) {
					t.Errorf("pass %d got %q", next, args)
				}
				if !slices.Contains(env, passVariable+"=1") {
					t.Error("pass is not marked")
				}
				io.WriteString(o, "out "+string(rune('0'+next)))
				if this.report != "" {
					if err := os.WriteFile(filepath.Join(dir, "report.1"), []byte(this.report), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				next++
				return this.code, this.err
			}
			if code := p.run(); code != c.code || next != len(c.passes) || !strings.Contains(out.String(), c.out) {
				t.Errorf("code %d after %d passes, want %d after %d\n%s", code, next, c.code, len(c.passes), out.String())
			}
		})
	}
}
