package control

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
	maxBody       = 1 << 20 // bytes of a request
	headerTimeout = 5 * time.Second
	stopTimeout   = 2 * time.Second // for calls that are being answered
)

// Listen opens a TCP address such as "127.0.0.1:7001" or "localhost:0". Only loopback addresses are taken.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("control address %q: %w", address, err)
	}
	if host != "localhost" && !isLoopback(host) {
		return nil, notLoopback(address)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for control: %w", err)
	}
	if err := checkListener(l); err != nil { // "localhost" is whatever the machine's resolver says
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Serve answers calls on l, which must listen on loopback, until ctx ends; it closes l. Calls that wait for messages
// are then answered with what there is. It returns nil after the end of ctx, otherwise what went wrong.
func (c *Control) Serve(ctx context.Context, l net.Listener) error {
	if err := checkListener(l); err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler:           c,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	failed := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() { failed <- server.Serve(l) })
	defer serving.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("serve control: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(stopping) != nil {
		// A caller that does not read its answer holds up a shutdown; it is cut off.
		if err := server.Close(); err != nil {
			return fmt.Errorf("close control: %w", err)
		}
	}
	return nil
}

func checkListener(l net.Listener) error {
	host, _, err := net.SplitHostPort(l.Addr().String())
	if err != nil || !isLoopback(host) {
		return notLoopback(l.Addr().String())
	}
	return nil
}

func notLoopback(address string) error {
	return fmt.Errorf("control address %s is not loopback: anybody who reaches it can play every user", address)
}
