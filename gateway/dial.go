package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"nhooyr.io/websocket"
)

// DialFunc opens the connection below a link, or to the proxy before it, as net.Dialer.DialContext does: "tcp" to a
// host:port or "unix" to a path.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// systemDial returns the DialFunc that is used when Options has none. Its keep-alive probes let the system notice a dead
// path below an idle link after about 30 s.
func systemDial() DialFunc {
	d := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	return d.DialContext
}

// dial opens one WebSocket connection. When it returns an error nothing is left open.
func (c *connector) dial(ctx context.Context) (*websocket.Conn, *socket, error) {
	token, err := c.conf.token()
	if err != nil {
		return nil, nil, err
	}
	key, tlsConf, err := c.conf.TLS.load()
	if err != nil {
		return nil, nil, &fileError{key, err}
	}
	to, err := resolve(c.addr.url)
	if err != nil {
		return nil, nil, err
	}
	proxy, err := c.conf.proxyTo(to)
	if err != nil {
		return nil, nil, err
	}
	c.secrets = c.conf.secrets(c.addr.url, token, proxy)
	conn, sock, err := c.open(ctx, to, proxy, tlsConf)
	if err != nil {
		return nil, nil, err
	}
	ws, err := c.upgrade(ctx, conn, to, token, tlsConf)
	if err != nil {
		sock.cut()
		return nil, nil, err
	}
	ws.SetReadLimit(c.conf.ReadLimit)
	return ws, sock, nil
}

// open opens the connection that the WebSocket is to use, and returns the socket at its bottom too.
func (c *connector) open(ctx context.Context, to target, proxy *url.URL, tlsConf *tls.Config) (net.Conn, *socket, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.conf.DialTimeout, errDialTimeout)
	defer cancel()
	o := &opener{dial: c.options.Dial}
	conn, err := o.through(ctx, proxy, to, tlsConf)
	if err == nil {
		return conn, o.sock, nil
	}
	if o.sock != nil {
		o.sock.cut()
	}
	if pe, ok := errors.AsType[*proxyError](err); ok {
		if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
			pe.err = cmp.Or(context.Cause(ctx), errDialTimeout)
		}
		return nil, nil, pe
	}
	return nil, nil, cmp.Or(context.Cause(ctx), err)
}

// upgrade makes a WebSocket of a connection. The transport lives for this one connection: nothing is pooled or
// compressed, and no redirect is followed (a token must not travel to another address).
func (c *connector) upgrade(ctx context.Context, conn net.Conn, to target, token string, tlsConf *tls.Config) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.conf.HandshakeTimeout, errHandshakeTimeout)
	defer cancel()
	options := &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport: &http.Transport{
				DialContext:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
				DisableKeepAlives:  true,
				DisableCompression: true,
				TLSClientConfig:    tlsConf,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: c.header(token),
	}
	ws, resp, err := websocket.Dial(ctx, to.url, options) //nolint:bodyclose // the library has closed it
	switch {
	case err == nil:
		return ws, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case resp != nil:
		return nil, &statusError{resp.StatusCode, resp.Header.Get("Location")}
	default:
		return nil, err
	}
}

// header returns the headers of the handshake. The names are written as OneBot 11 writes them.
func (c *connector) header(token string) http.Header {
	h := http.Header{}
	h.Set("User-Agent", c.options.UserAgent)
	for name, value := range c.conf.Headers {
		h.Set(name, value)
	}
	h["X-Self-ID"] = []string{strconv.FormatInt(c.options.SelfID(), 10)}
	h["X-Client-Role"] = []string{c.addr.role.header()}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return h
}
