package mirai

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/goccy/go-json"
)

// refusedError says that a request was not made because nothing may leave this machine.
type refusedError struct{ host string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("request to %s refused: all servers are on this machine, so nothing leaves it", e.host)
}

// guard is the HTTP transport that MiraiGo works through while a driver runs.
type guard struct {
	played   http.RoundTripper // who answers for QQ's pages; nil: nobody may be asked
	loopback http.RoundTripper // for hosts on this machine; nil: played answers for them, too
}

// newGuard makes the transport. Sandboxed, requests reach only hosts on this machine and what given plays.
func newGuard(given http.RoundTripper, sandboxed bool) *guard {
	switch {
	case sandboxed:
		return &guard{played: given, loopback: newTransport()}
	case given != nil:
		return &guard{played: given}
	default:
		return &guard{played: newTransport()}
	}
}

// newTransport is an HTTP transport whose every step ends in time; MiraiGo's own has no limits and hangs for minutes
// where packets are dropped.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 15 * time.Second,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
	}
}

// RoundTrip implements [http.RoundTripper].
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.loopback != nil && isLoopback(r.URL.Hostname()) {
		return g.loopback.RoundTrip(r)
	}
	if g.played == nil {
		return nil, &refusedError{r.URL.Host}
	}
	response, err := g.played.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if r.URL.Hostname() == "keyrotate.qq.com" {
		return checkedKey(response)
	}
	return response, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// checkedKey lets a rotated key through only if it is one. MiraiGo's constructor panics on anything else that is JSON,
// such as a captive portal's answer, and falls back to its built-in key on an error.
func checkedKey(response *http.Response) (*http.Response, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("read server key: %w", err)
	}
	var answer struct {
		Meta struct {
			Key string `json:"PubKey"`
		} `json:"PubKeyMeta"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read server key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(answer.Meta.Key))
	if err != nil {
		return nil, fmt.Errorf("read server key: %w", err)
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return nil, fmt.Errorf("read server key: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
