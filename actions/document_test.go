package actions

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

var update = flag.Bool("update", false, "write API.md")

// TestDocument holds API.md to the table.
func TestDocument(t *testing.T) {
	var b bytes.Buffer
	if err := newWorld().registry(t).Document(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("API.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile("API.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, b.Bytes()) {
		t.Error("API.md is stale: run go generate ./actions")
	}
}

func TestConventionsHoldTheNumbers(t *testing.T) {
	for _, words := range []string{
		fmt.Sprintf("may have %d actions unanswered", DefaultInFlight),
		fmt.Sprintf("may hold %d MiB together", DefaultInFlightBytes>>20),
		fmt.Sprintf("within %.0f seconds of its arrival", DefaultDeadline.Seconds()),
	} {
		if !strings.Contains(conventions, words) {
			t.Errorf("conventions.md does not say %q", words)
		}
	}
}

// TestExamples plays the example of every action.
func TestExamples(t *testing.T) {
	for _, e := range newWorld().registry(t).order {
		t.Run(e.name, func(t *testing.T) {
			a := ask(t, newWorld().session(t), e.name, e.example.params)
			a.want(t, 0, "")
			if string(a.Data) != e.example.data {
				t.Errorf("data\n%s, the example says\n%s", a.Data, e.example.data)
			}
		})
	}
}

// TestResultsAreDocumented compares the members that examples show with the documented ones, both ways.
func TestResultsAreDocumented(t *testing.T) {
	for _, e := range newWorld().registry(t).order {
		if len(e.result) == 0 {
			continue
		}
		var documented []string
		kinds := map[string]string{}
		for _, f := range e.result {
			documented = append(documented, f.name)
			kinds[f.name] = f.kind
		}
		shown := map[string]any{}
		collect(t, shown, e.example.data, documented)
		for name, value := range shown {
			if !slices.Contains(documented, name) {
				t.Errorf("%s: %s is not documented", e.name, name)
			} else if !fits(kinds[name], value) {
				t.Errorf("%s: %s is documented as %s, the example has %v", e.name, name, kinds[name], value)
			}
		}
		for _, name := range documented {
			if _, ok := shown[name]; !ok {
				t.Errorf("%s: the example lacks %s", e.name, name)
			}
		}
	}
}

// collect lists the members of data, of those objects whose members are documented.
func collect(t *testing.T, into map[string]any, raw string, documented []string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(raw), &value); err != nil {
		t.Fatal(err)
	}
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				walk(prefix, item)
			}
		case map[string]any:
			for key, member := range value {
				into[prefix+key] = member
				if slices.ContainsFunc(documented, func(d string) bool { return strings.HasPrefix(d, prefix+key+".") }) {
					walk(prefix+key+".", member)
				}
			}
		}
	}
	walk("", value)
}

func fits(kind string, value any) bool {
	switch {
	case kind == "message":
		return reflect.TypeOf(value).Kind() == reflect.Slice || reflect.TypeOf(value).Kind() == reflect.String
	case strings.HasSuffix(kind, "[]"):
		return reflect.TypeOf(value).Kind() == reflect.Slice
	case kind == "object":
		return reflect.TypeOf(value).Kind() == reflect.Map
	case kind == "boolean":
		return reflect.TypeOf(value).Kind() == reflect.Bool
	case kind == "string":
		return reflect.TypeOf(value).Kind() == reflect.String
	default:
		return reflect.TypeOf(value).Kind() == reflect.Float64
	}
}
