package racelist

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	miraiGo = "github.com/Mrs4s/MiraiGo/"
	module  = "echogate"
)

// report is one "WARNING: DATA RACE" of the detector.
type report struct {
	text     string
	accesses [][]string // function names of each access's stack, innermost first; empty when the stack was lost
}

var accessHeader = regexp.MustCompile(`(?i)^(previous )?(atomic )?(read|write) at 0x[0-9a-f]+ by `)

// readReports reads every file of dir, one per process that reported something.
func readReports(dir string) ([]report, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, fmt.Errorf("list race reports: %w", err)
	}
	var all []report
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read race reports: %w", err)
		}
		all = append(all, parse(b)...)
	}
	return all, nil
}

// parse cuts the detector's output into reports. What the detector prints besides data races, such as a "fatal" line
// of its own, becomes a report without accesses, which no list excuses.
func parse(output []byte) []report {
	var all []report
	for part := range bytes.SplitSeq(output, []byte("==================\n")) {
		text := strings.TrimSpace(string(part))
		if text == "" || strings.HasPrefix(text, "Found ") { // the closing count
			continue
		}
		all = append(all, parseOne(text))
	}
	return all
}

func parseOne(text string) report {
	r := report{text: text}
	inAccess := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case accessHeader.MatchString(line):
			r.accesses = append(r.accesses, nil)
			inAccess = true
		case line == "":
			inAccess = false
		case inAccess && strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") && strings.HasSuffix(line, "()"):
			last := len(r.accesses) - 1
			r.accesses[last] = append(r.accesses[last], strings.TrimSuffix(strings.TrimSpace(line), "()"))
		}
	}
	return r
}

var errLost = errors.New("the stack of an access is lost")

// accessor is the function answerable for an access: the innermost one that is ours or MiraiGo's. What lies further in
// is the standard library or a codec doing as it was told.
func accessor(stack []string) (name string, ours bool, err error) {
	if len(stack) == 0 {
		return "", false, errLost
	}
	for _, f := range stack {
		if rest, ok := strings.CutPrefix(f, miraiGo); ok {
			return rest, false, nil
		}
		if strings.HasPrefix(f, module+"/") || strings.HasPrefix(f, module+".") || strings.HasPrefix(f, "main.") {
			return f, true, nil
		}
	}
	return stack[0], false, nil
}

// half tells whether the detector lost the stack of one access.
func (r report) half() bool {
	return slices.ContainsFunc(r.accesses, func(stack []string) bool { return len(stack) == 0 })
}

// known returns the name of the list's entry that covers the report, or an error that says what makes it a new one.
// Where the detector lost one stack the other decides.
func (r report) known(list []Race) (string, error) {
	var names []string
	for _, stack := range r.accesses {
		name, ours, err := accessor(stack)
		switch {
		case errors.Is(err, errLost):
			continue
		case ours:
			return "", fmt.Errorf("data race with %s", name)
		}
		names = append(names, name)
	}
	if len(names) == 0 || len(r.accesses) != 2 {
		return "", errors.New("report of the race detector that names no access")
	}
	for _, k := range list {
		if !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(k.Functions, n) }) {
			return k.State, nil
		}
	}
	return "", fmt.Errorf("new data race between %s", strings.Join(names, " and "))
}
