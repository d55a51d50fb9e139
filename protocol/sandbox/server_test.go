package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol/sandbox"
)

// serve is run for tests whose clients ask for nothing that has no answer.
func serve(t *testing.T, w *sandbox.World) *sandbox.Server {
	t.Helper()
	s := run(t, w)
	t.Cleanup(func() {
		if missing := s.Unanswered(); len(missing) > 0 {
			t.Errorf("commands without an answer: %q", missing)
		}
	})
	return s
}

// run runs a server over w until the test ends.
func run(t *testing.T, w *sandbox.World) *sandbox.Server {
	t.Helper()
	s := sandbox.NewServer(w, sandbox.ServerOptions{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel)})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// eventually waits for what another goroutine is about to bring about.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it does not come to pass")
		}
	}
}
