package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// proxyEnvironment is the value of Config.Proxy that means HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
const proxyEnvironment = "environment"

// proxyError is an error on the way through a proxy.
type proxyError struct {
	proxy string // for people to read
	err   error
}

func (e *proxyError) Error() string { return "proxy " + e.proxy + ": " + e.err.Error() }
func (e *proxyError) Unwrap() error { return e.err }

// connectError is what a proxy answered to CONNECT, if not yes.
type connectError int

func (e connectError) Error() string {
	return fmt.Sprintf("CONNECT answered with HTTP %d %s", int(e), http.StatusText(int(e)))
}

// parseProxy reads the address of a proxy. Its errors repeat no part that may hold a secret.
func parseProxy(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("is not an address")
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return nil, errors.New(`is not "environment" and does not begin with http://, https:// or socks5://`)
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("has more than a user, a host and a port")
	}
	return u, checkPort(u.Port())
}

// proxyTo returns the proxy on the way to t, or nil if there is none.
func (c Config) proxyTo(t target) (*url.URL, error) {
	switch {
	case c.Proxy == "" || t.network != "tcp":
		return nil, nil
	case c.Proxy != proxyEnvironment:
		return parseProxy(c.Proxy)
	}
	scheme := "http" // HTTP_PROXY is for ws://, HTTPS_PROXY for wss://
	if t.secure {
		scheme = "https"
	}
	// Read every time: net/http remembers the first answer for the life of the process.
	return httpproxy.FromEnvironment().ProxyFunc()(&url.URL{Scheme: scheme, Host: t.addr})
}

// opener opens a connection, perhaps through a proxy, and remembers the socket below it.
type opener struct {
	dial DialFunc
	sock *socket
}

// DialContext opens the connection to the first hop.
func (o *opener) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := o.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	o.sock = &socket{Conn: conn}
	return o.sock, nil
}

// Dial makes an opener a proxy.Dialer. That one prefers DialContext where there is one.
func (o *opener) Dial(string, string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// through opens a connection to t by way of the proxy p, if there is one. The certificate of an https:// proxy is checked
// against roots, or the system's if nil.
func (o *opener) through(ctx context.Context, p *url.URL, t target, config *tls.Config) (net.Conn, error) {
	if p == nil {
		return o.DialContext(ctx, t.network, t.addr)
	}
	var conn net.Conn
	var err error
	if p.Scheme == "http" || p.Scheme == "https" {
		conn, err = o.throughHTTP(ctx, p, t, config)
	} else {
		conn, err = o.throughSOCKS(ctx, p, t)
	}
	if err != nil {
		return nil, &proxyError{masked(p.Scheme + "://" + p.Host), err}
	}
	return conn, nil
}

// throughSOCKS leaves the lookup of names to the proxy, as people behind one need it.
func (o *opener) throughSOCKS(ctx context.Context, p *url.URL, t target) (net.Conn, error) {
	var auth *proxy.Auth
	if p.User != nil {
		password, _ := p.User.Password()
		auth = &proxy.Auth{User: p.User.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", hostPort(p), auth, o)
	if err != nil {
		return nil, err
	}
	contextual, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return contextual.DialContext(ctx, t.network, t.addr)
}

func (o *opener) throughHTTP(ctx context.Context, p *url.URL, t target, config *tls.Config) (net.Conn, error) {
	conn, err := o.DialContext(ctx, "tcp", hostPort(p))
	if err != nil {
		return nil, err
	}
	if p.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: p.Hostname(), RootCAs: config.RootCAs})
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secured
	}
	return conn, connect(ctx, conn, t.addr, p.User)
}

// connect asks an HTTP proxy for a tunnel, also to ws:// addresses (RFC 6455, section 4.1).
func connect(ctx context.Context, conn net.Conn, addr string, user *url.Userinfo) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // unblocks what follows
	defer stop()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{"User-Agent": {""}}}
	if user != nil {
		password, _ := user.Password()
		pair := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		req.Header.Set("Proxy-Authorization", "Basic "+pair)
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	const longest = 64 << 10 // of an answer's header
	answer := bufio.NewReader(io.LimitReader(conn, longest))
	resp, err := http.ReadResponse(answer, req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // the connection is what matters
	switch {
	case resp.StatusCode/100 != 2:
		return connectError(resp.StatusCode)
	case answer.Buffered() > 0:
		return errors.New("something came before it was asked for")
	case !stop():
		return context.Cause(ctx)
	}
	return nil
}

// hostPort returns the address of a proxy with the port that its scheme has when none is given.
func hostPort(p *url.URL) string {
	port := p.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[p.Scheme]
	}
	if port == "" {
		port = "1080" // SOCKS, RFC 1928
	}
	return net.JoinHostPort(p.Hostname(), port)
}
