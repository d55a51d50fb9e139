package racelist

import (
	"fmt"
	"strings"
	"testing"
)

// text writes a report as the detector does: stacks innermost first, then where the goroutines were made.
func text(first, second []string) string {
	stack := func(functions []string) string {
		if functions == nil {
			return "  [failed to restore the stack]\n"
		}
		var b strings.Builder
		for _, f := range functions {
			fmt.Fprintf(&b, "  %s()\n      /src/file.go:4 +0x24\n", f)
		}
		return b.String()
	}
	return "==================\nWARNING: DATA RACE\nRead at 0x0000007f0228 by goroutine 9:\n" + stack(first) +
		"\nPrevious write at 0x0000007f0228 by main goroutine:\n" + stack(second) +
		"\nGoroutine 9 (running) created at:\n  echogate/protocol/mirai.(*Driver).Run()\n      /src/driver.go:1 +0x1\n==================\n"
}

func TestKnown(t *testing.T) {
	list := []Race{{State: "A", Functions: []string{"client.a", "client.b"}}, {State: "C", Functions: []string{"client.c"}}}
	const mg = "github.com/Mrs4s/MiraiGo/"
	for name, c := range map[string]struct {
		first, second []string
		want          string // the entry's State, or the error
	}{
		"listed":                {[]string{mg + "client.a"}, []string{mg + "client.b"}, "A"},
		"either order":          {[]string{mg + "client.b"}, []string{mg + "client.a"}, "A"},
		"through the library":   {[]string{"sort.Slice", mg + "client.a"}, []string{"runtime.slicecopy", mg + "client.b"}, "A"},
		"called by us":          {[]string{mg + "client.a", "echogate/protocol/mirai.call"}, []string{mg + "client.b"}, "A"},
		"one stack lost":        {nil, []string{mg + "client.b"}, "A"},
		"ours reads":            {[]string{"echogate/protocol/mirai.f"}, []string{mg + "client.b"}, "data race with echogate/protocol/mirai.f"},
		"ours writes":           {[]string{mg + "client.a"}, []string{"runtime.memmove", "main.f", mg + "client.b"}, "data race with main.f"},
		"ours through a codec":  {[]string{"github.com/RomiChan/protobuf/proto.Marshal", "echogate.f"}, []string{mg + "client.b"}, "data race with echogate.f"},
		"new pair":              {[]string{mg + "client.a"}, []string{mg + "client.c"}, "new data race between client.a and client.c"},
		"unlisted":              {[]string{mg + "client.z"}, []string{mg + "client.z"}, "new data race between client.z and client.z"},
		"somebody else's":       {[]string{"github.com/x/y.f"}, []string{mg + "client.a"}, "new data race between github.com/x/y.f and client.a"},
		"both stacks lost":      {nil, nil, "names no access"},
		"similar name, not our": {[]string{"echogateway.f"}, []string{mg + "client.a"}, "new data race between echogateway.f"},
	} {
		t.Run(name, func(t *testing.T) {
			reports := parse([]byte(text(c.first, c.second) + "Found 1 data race(s)\n"))
			if len(reports) != 1 {
				t.Fatalf("%d reports", len(reports))
			}
			got, err := reports[0].known(list)
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, c.want) && !strings.HasSuffix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, err := reports[0].known(nil); err == nil {
				t.Error("an empty list covered it")
			}
		})
	}
}

func TestParseKeepsWhatItDoesNotKnow(t *testing.T) {
	for _, output := range []string{"FATAL: ThreadSanitizer CHECK failed\n", "race: limit on 8128 simultaneously alive goroutines is exceeded, dying\n"} {
		reports := parse([]byte(output))
		if len(reports) != 1 {
			t.Fatalf("%q: %d reports", output, len(reports))
		}
		if _, err := reports[0].known(Known()); err == nil {
			t.Errorf("%q is excused", output)
		}
	}
	if got := parse([]byte(text([]string{"a"}, []string{"b"}) + text([]string{"c"}, []string{"d"}))); len(got) != 2 {
		t.Errorf("two reports read as %d", len(got))
	}
}

func TestAtomicAccessesAreAccesses(t *testing.T) {
	r := parseOne("WARNING: DATA RACE\nAtomic write at 0x0000007f0228 by goroutine 9:\n  a()\n\n" +
		"Previous atomic read at 0x0000007f0228 by goroutine 7:\n  b()\n\n")
	if len(r.accesses) != 2 || r.accesses[0][0] != "a" || r.accesses[1][0] != "b" {
		t.Errorf("accesses %q", r.accesses)
	}
}

func TestListIsWellFormed(t *testing.T) {
	for _, k := range Known() {
		if k.State == "" || k.Why == "" || len(k.Functions) == 0 {
			t.Errorf("incomplete entry %+v", k)
		}
		seen := map[string]bool{}
		for _, f := range k.Functions {
			if seen[f] || strings.HasPrefix(f, miraiGo) || strings.HasSuffix(f, ")") {
				t.Errorf("%s: function %q is doubled or not in short form", k.State, f)
			}
			seen[f] = true
		}
	}
}
