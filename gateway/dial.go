package gateway

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"nhooyr.io/websocket"
)

// DialFunc opens the TCP connection to a host:port, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// systemDial returns the DialFunc that is used when Options has none. Its keep-alive probes let the system notice a dead
// path below an idle link after about 30 s.
func systemDial() DialFunc {
	d := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	return d.DialContext
}

// dial opens one WebSocket connection. When it returns an error nothing is left open.
func (c *connector) dial(ctx context.Context) (*websocket.Conn, *socket, error) {
	sock, err := c.dialTCP(ctx)
	if err != nil {
		return nil, nil, err
	}
	ws, err := c.upgrade(ctx, sock)
	if err != nil {
		sock.cut()
		return nil, nil, err
	}
	ws.SetReadLimit(c.conf.ReadLimit)
	return ws, sock, nil
}

func (c *connector) dialTCP(ctx context.Context) (*socket, error) {
	u, err := url.Parse(c.addr.url)
	if err != nil {
		return nil, err
	}
	port := cmp.Or(u.Port(), map[string]string{"ws": "80", "wss": "443"}[u.Scheme])
	ctx, cancel := context.WithTimeoutCause(ctx, c.conf.DialTimeout, errDialTimeout)
	defer cancel()
	conn, err := c.options.Dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	return &socket{Conn: conn}, nil
}

// upgrade makes a WebSocket of a TCP connection. The transport lives for this one connection: nothing is pooled or
// compressed, no proxy is used and no redirect is followed (a token must not travel to another address).
func (c *connector) upgrade(ctx context.Context, sock *socket) (*websocket.Conn, error) {
	_, tlsConf, err := c.conf.TLS.load()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.conf.HandshakeTimeout, errHandshakeTimeout)
	defer cancel()
	options := &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport: &http.Transport{
				DialContext:        func(context.Context, string, string) (net.Conn, error) { return sock, nil },
				DisableKeepAlives:  true,
				DisableCompression: true,
				TLSClientConfig:    tlsConf,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: c.header(),
	}
	ws, resp, err := websocket.Dial(ctx, c.addr.url, options) //nolint:bodyclose // the library has closed it
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
func (c *connector) header() http.Header {
	h := http.Header{}
	h.Set("User-Agent", c.options.UserAgent)
	for name, value := range c.conf.Headers {
		h.Set(name, value)
	}
	h["X-Self-ID"] = []string{strconv.FormatInt(c.options.SelfID(), 10)}
	h["X-Client-Role"] = []string{c.addr.role.header()}
	if c.conf.AccessToken != "" {
		h.Set("Authorization", "Bearer "+c.conf.AccessToken)
	}
	return h
}
