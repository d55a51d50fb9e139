package actions

import (
	"context"
	"strings"
	"testing"

	"echogate/protocol"
)

// TestBrokenTables: what cannot be right does not start.
func TestBrokenTables(t *testing.T) {
	type result struct {
		Yes bool `json:"yes" doc:"d"`
	}
	good := func(name string) action[nothing, result] {
		return action[nothing, result]{
			name: name, doc: "d", example: example{params: "{}", data: "{}"},
			run: func(context.Context, *caller, *nothing) (result, error) { return result{}, nil },
		}
	}
	noDoc, noRun, badExample, bothLanes := good("a"), good("a"), good("a"), good("a")
	noDoc.doc, noRun.run, badExample.example.data = "", nil, "{"
	bothLanes.chat = func(*nothing) protocol.Chat { return protocol.Chat{} }
	bothLanes.find = func(context.Context, *caller, *nothing) (protocol.Chat, error) { return protocol.Chat{}, nil }
	readsAndChanges, readsAndSends := good("a"), good("a")
	readsAndSends.reads, readsAndSends.sends = true, true
	readsAndChanges.reads, readsAndChanges.chat = true, bothLanes.chat
	for _, c := range []struct {
		want  string
		table []declaration
	}{
		{`action "a": declared twice`, []declaration{good("a"), good("a")}},
		{"name, doc and run are needed", []declaration{good("")}},
		{"name, doc and run are needed", []declaration{noDoc}},
		{"name, doc and run are needed", []declaration{noRun}},
		{"example is not JSON", []declaration{badExample}},
		{"chat and find exclude each other", []declaration{bothLanes}},
		{"an action that reads changes no chat", []declaration{readsAndChanges}},
		{"an action that reads changes no chat", []declaration{readsAndSends}},
		{"tags param and doc are needed", []declaration{withParams[struct{ A bool }]()}},
		{"default needs true or false", []declaration{withParams[struct {
			A bool `param:"a" default:"maybe" doc:"d"`
		}]()}},
		{`"b" is taken`, []declaration{withParams[struct {
			A bool `param:"a" alias:"b" default:"true" doc:"d"`
			B bool `param:"b" default:"true" doc:"d"`
		}]()}},
		{"type float64 cannot be a parameter", []declaration{withParams[struct {
			A float64 `param:"a" doc:"d"`
		}]()}},
		{"parameters are a int, not a struct", []declaration{withParams[int]()}},
		{`example: parameter "a" is missing`, []declaration{withParams[struct {
			A bool `param:"a" doc:"d"`
		}]()}},
		{"tags json and doc are needed", []declaration{withResult[struct{ A int }]()}},
		{"tags json and doc are needed", []declaration{withResult[[]struct {
			A struct{ B int } `json:"a" doc:"d"`
		}]()}},
		{"result float64 cannot be documented", []declaration{withResult[float64]()}},
	} {
		if _, err := newRegistry(newWorld().options(), c.table); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a registry without a driver was made")
	}
}

func withParams[P any]() declaration {
	return action[P, none]{
		name: "a", doc: "d", example: example{params: "{}", data: "null"},
		run: func(context.Context, *caller, *P) (none, error) { return nil, nil },
	}
}

func withResult[R any]() declaration {
	return action[nothing, R]{
		name: "a", doc: "d", example: example{params: "{}", data: "null"},
		run: func(context.Context, *caller, *nothing) (r R, err error) { return r, nil },
	}
}
