package sandbox

import (
	"fmt"
	"io"
	"net/http"
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

// Transport plays the web pages that a QQ client reads: keyrotate.qq.com tells the server's own key. Every other request
// is refused with an [*EgressError] and its host recorded ([Server.RefusedEgress]): it sends nothing anywhere, so that
// whoever has business with this machine's own servers must ask them by another way. A client that lives in the same
// process is given it before it is constructed.
func (s *Server) Transport() http.RoundTripper { return &transport{server: s} }

type transport struct{ server *Server }

// RoundTrip answers one request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	host := strings.ToLower(r.URL.Hostname())
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

func (t *transport) keyPage(r *http.Request) (*http.Response, error) {
	page := fmt.Sprintf(
		`{"QuerySpan":86400,"PubKeyMeta":{"KeyVer":1,"PubKey":"%X","PubKeySign":""}}`, t.server.key.PublicKey().Bytes())
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(page)), ContentLength: int64(len(page)),
	}, nil
}

func (s *Server) refuse(host string) {
	s.log.Warn().Str("host", host).Msg("refused to leave the sandbox")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.refused, host) {
		s.refused = append(s.refused, host)
	}
}
