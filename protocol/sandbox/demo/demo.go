package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"echogate/protocol/sandbox"
)

// Daemon logs the bot's account in to a sandbox around the world and serves the endpoint, until ctx ends.
type Daemon func(ctx context.Context, world *sandbox.World, endpoint string) error

// connectTimeout bounds login and first connection. MiraiGo itself waits a full second in every token login.
const connectTimeout = 20 * time.Second

// Run plays the conversation against the daemon and prints it to out. It returns nil only if every expected reply
// arrived in the world.
func Run(ctx context.Context, out io.Writer, daemon Daemon) error {
	world := sandbox.Default()
	t := &transcript{out: out, start: time.Now()}
	b := newBot(t)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the daemon: %w", err)
	}
	t.line("echogate demo: a small QQ world, the MiraiGo client, the daemon and a OneBot bot, all on this machine.")

	defer b.end()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server := &http.Server{Handler: b, ReadHeaderTimeout: time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the bot: %w", err)
		}
		return nil
	})
	group.Go(func() error { return daemon(ctx, world, "ws://"+listener.Addr().String()+"/") })
	group.Go(func() error {
		defer server.Close()
		defer stop()
		return converse(ctx, world, b)
	})
	return group.Wait()
}

// converse plays the script once the bot's link is up, and sums up.
func converse(ctx context.Context, world *sandbox.World, b *bot) error {
	select {
	case <-b.connected:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(connectTimeout):
		return fmt.Errorf("the daemon did not connect to the bot within %v", connectTimeout)
	}
	b.transcript.note("logged in and connected")
	steps := script()
	p := &play{world: world, script: b.transcript}
	arrived := 0
	for _, s := range steps {
		if p.perform(ctx, s) {
			arrived++
		}
	}
	b.transcript.line("")
	b.transcript.note("%d of %d expected replies arrived in the world; %d frames passed", arrived, len(steps), b.transcript.frames)
	if arrived < len(steps) {
		return fmt.Errorf("%d of %d expected replies did not arrive", len(steps)-arrived, len(steps))
	}
	return nil
}
