package mirai_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/mirai"
	"echogate/protocol/sandbox"
)

// TestNothingLeavesTheMachine: with a server on loopback no name is looked up and nothing is dialled but loopback,
// with or without somebody who plays QQ's pages.
func TestNothingLeavesTheMachine(t *testing.T) {
	for name, alone := range map[string]bool{"played": false, "alone": true} {
		t.Run(name, func(t *testing.T) {
			q := newQQ(t, sandbox.Default())
			var mu sync.Mutex
			var out []string
			note := func(what string) {
				mu.Lock()
				defer mu.Unlock()
				out = append(out, what)
			}
			resolver, transport := net.DefaultResolver, http.DefaultTransport
			defer func() { net.DefaultResolver, http.DefaultTransport = resolver, transport }()
			net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				note("lookup by " + address)
				return nil, errors.New("no name is looked up in this test")
			}}
			http.DefaultTransport = &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				note("dial " + address)
				return nil, errors.New("nothing is dialled in this test")
			}}
			options := mirai.Options{Dir: q.dir, Log: zerolog.Nop(), Timing: quick()}
			if !alone {
				options.Transport = q.server.Transport()
			}
			d, err := mirai.New(options)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() {
				if err := d.Run(ctx); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
			if _, ok := (<-d.Events()).(protocol.Online); !ok {
				t.Fatal("not online")
			}
			if _, err := d.Send(ctx, protocol.GroupChat(30001), message.Message{message.Text{Text: "here"}}); err != nil {
				t.Error(err)
			}
			q.Drop()
			for e := range d.Events() {
				if _, ok := e.(protocol.Online); ok {
					break
				}
			}
			cancel()
			for range d.Events() {
			}
			running.Wait()
			if len(out) > 0 {
				t.Errorf("something left the machine: %q", out)
			}
		})
	}
}
