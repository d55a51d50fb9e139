package sandbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// keyHost is asked by MiraiGo's constructor for the public key of QQ's login servers (MiraiGo
// client/internal/oicq/ecdh.go).
const keyHost = "keyrotate.qq.com"

// EgressError says that something wanted to leave the sandbox.
type EgressError struct{ Host string }

func (e *EgressError) Error() string {
	return fmt.Sprintf("the sandbox refuses to talk to %s: nothing leaves this machine", e.Host)
}

// Transport plays the web pages that a QQ client reads: keyrotate.qq.com tells the server's own key. Every other host
// is refused with an [*EgressError] and recorded ([Server.RefusedEgress]), except this machine's own, which are asked
// directly, without a proxy. A client that lives in the same process is given it before it is constructed.
func (s *Server) Transport() http.RoundTripper {
	dialer := &net.Dialer{}
	return &transport{server: s, local: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			if host == "localhost" {
				host = "127.0.0.1" // not for the resolver to decide
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
		},
	}}
}

type transport struct {
	server *Server
	local  *http.Transport
}

// RoundTrip answers one request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	host := strings.ToLower(r.URL.Hostname())
	if isLocal(host) {
		return t.local.RoundTrip(r)
	}
	if r.Body != nil {
		if err := r.Body.Close(); err != nil {
			return nil, fmt.Errorf("close request to %s: %w", host, err)
		}
	}
	if host == keyHost && r.Method == http.MethodGet {
		return t.keyPage(r)
	}
	t.server.refuse(host)
	return nil, &EgressError{Host: host}
}

// CloseIdleConnections closes what is kept open to this machine's own servers.
func (t *transport) CloseIdleConnections() { t.local.CloseIdleConnections() }

func (t *transport) keyPage(r *http.Request) (*http.Response, error) {
	page := fmt.Sprintf(
		`{"QuerySpan":86400,"PubKeyMeta":{"KeyVer":1,"PubKey":"%X","PubKeySign":""}}`, t.server.key.PublicKey().Bytes())
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(page)), ContentLength: int64(len(page)),
	}, nil
}

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (s *Server) refuse(host string) {
	s.log.Warn().Str("host", host).Msg("refused to leave the sandbox")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.refused, host) {
		s.refused = append(s.refused, host)
	}
}
