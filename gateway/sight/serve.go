package sight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 5 * time.Minute // longer than the usual pause between two scrapes, 15 s to 1 min
	stopTimeout   = 2 * time.Second // for requests that are being answered
	maxHeader     = 64 << 10
)

// Listen opens a TCP address such as "127.0.0.1:9100" or "localhost:0". Only loopback addresses are taken.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	if err := checkAddress(address); err != nil {
		return nil, fmt.Errorf("listen for sight: %w", err)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for sight: %w", err)
	}
	if err := checkListener(l); err != nil { // "localhost" is whatever the machine's resolver says
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Run listens where c says and serves until ctx ends; where it says nothing, Run only waits for that.
func (s *Sight) Run(ctx context.Context, c Config) error {
	if c.Listen == "" {
		<-ctx.Done()
		return nil
	}
	l, err := Listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	return s.Serve(ctx, l)
}

// Serve answers requests on l, which must listen on loopback, until ctx ends; it closes l. It returns nil after the end
// of ctx, otherwise what went wrong. It can be called again with another listener.
func (s *Sight) Serve(ctx context.Context, l net.Listener) error {
	if err := checkListener(l); err != nil {
		return errors.Join(err, l.Close())
	}
	var connections sync.WaitGroup
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, state http.ConnState) { // the server itself does not wait for connections that it cuts off
			switch state {
			case http.StateNew:
				connections.Add(1)
			case http.StateClosed:
				connections.Done()
			default:
			}
		},
	}
	failed := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() { failed <- server.Serve(l) })
	defer connections.Wait() // after serving: no connection is new then
	defer serving.Wait()
	s.log.Info().Stringer("address", l.Addr()).Msg("sight is up")
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve sight: %w", err), server.Close())
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(stopping) != nil {
		// A client that does not read its answer holds up a shutdown; it is cut off.
		if err := server.Close(); err != nil {
			return fmt.Errorf("close sight: %w", err)
		}
	}
	return nil
}

func checkListener(l net.Listener) error {
	if host, _, err := net.SplitHostPort(l.Addr().String()); err != nil || !isLoopback(host) {
		return fmt.Errorf("serve sight: %w", notLoopback(l.Addr().String()))
	}
	return nil
}
