// Package host puts a sandbox on the network: a world's QQ server, its control interface and the credentials with which
// clients log in. The sandbox and demo commands use it, and so do tests of the whole program.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/control"
)

// Host is a world with its servers. All its addresses are loopback; others are refused.
type Host struct {
	World  *sandbox.World
	Server *sandbox.Server

	control net.Listener // nil without a control interface
	log     zerolog.Logger
}

// LoadWorld reads a world file; the built-in world if path is empty.
func LoadWorld(path string) (*sandbox.World, error) {
	if path == "" {
		return sandbox.Default(), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open world: %w", err)
	}
	defer file.Close()
	world, err := sandbox.Load(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return world, nil
}

// Check is an error that is [protocol.NotFoundError] when the account is not in the world. Account 0, which stands for
// the bot or for all, always is. Whoever is told an account's number can ask before anything is opened.
func Check(world *sandbox.World, account protocol.UserID) error {
	if _, ok := world.Account(account); !ok && account != 0 {
		return &missingError{account}
	}
	return nil
}

// missingError is a [protocol.NotFoundError] in the words of who chose the world.
type missingError struct{ account protocol.UserID }

func (e *missingError) Error() string {
	return fmt.Sprintf("account %d is not in the world", e.account)
}

func (e *missingError) Unwrap() error {
	return &protocol.NotFoundError{Kind: protocol.KindUser, ID: int64(e.account)}
}

// Listen opens the QQ server's address and, unless controlAddress is empty, the control interface's. Nothing is served
// before Run, which also closes both; where one cannot be opened, neither is left open.
func Listen(ctx context.Context, world *sandbox.World, address, controlAddress string, log zerolog.Logger) (*Host, error) {
	h := &Host{World: world, Server: sandbox.NewServer(world, sandbox.ServerOptions{Log: log}), log: log}
	if controlAddress != "" {
		var err error
		if h.control, err = control.Listen(ctx, controlAddress); err != nil {
			return nil, err
		}
	}
	if err := h.Server.Listen(address); err != nil {
		if h.control != nil {
			err = errors.Join(err, h.control.Close())
		}
		return nil, err
	}
	return h, nil
}

// Run serves until guest returns, and returns its error or that of a server. guest is whoever lives in the world; its
// context ends when ctx ends or a server fails. The servers outlive it, so that it can log off.
func (h *Host) Run(ctx context.Context, guest func(context.Context) error) error {
	guestCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	serveCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, serveCtx := errgroup.WithContext(serveCtx)
	defer context.AfterFunc(serveCtx, cancel)()
	group.Go(func() error { return h.Server.Serve(serveCtx) })
	if h.control != nil {
		h.log.Info().Stringer("address", h.control.Addr()).Msg("control interface is up")
		group.Go(func() error { return control.New(h.World, h.Server, h.log).Serve(serveCtx, h.control) })
	}
	group.Go(func() error {
		defer stop()
		return guest(guestCtx)
	})
	return group.Wait()
}

// ServeOnly writes credentials and serves clients in other processes until ctx ends.
func (h *Host) ServeOnly(ctx context.Context, dir string, account protocol.UserID) error {
	return h.Run(ctx, func(ctx context.Context) error {
		if err := h.WriteCredentials(dir, account); err != nil {
			return err
		}
		h.log.Info().Stringer("address", h.Server.Addr()).Str("credentials", dir).Msg("QQ server is up")
		<-ctx.Done()
		return nil
	})
}

// WriteCredentials writes what clients log in with: the account's files into dir itself, or, for account 0, those of
// every account of the world into dir/<number>. For an account that is not there the error is that of Check.
func (h *Host) WriteCredentials(dir string, account protocol.UserID) error {
	if err := Check(h.World, account); err != nil {
		return err
	}
	if account != 0 {
		return h.Server.WriteCredentials(dir, account)
	}
	for _, u := range h.World.Accounts() {
		if err := h.Server.WriteCredentials(filepath.Join(dir, strconv.FormatInt(int64(u.UserID), 10)), u.UserID); err != nil {
			return err
		}
	}
	return nil
}
