package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Validate returns nil, or an error that names the first wrong key: `endpoints[nonebot].url: scheme "http" is not ws or
// wss`. It reads the files of TLS and AccessTokenFile. It never shows the value of a secret.
func (c Config) Validate() error {
	for _, check := range []func() (string, error){
		c.checkName, c.checkURLs, c.checkToken, c.checkHeaders, c.checkProxy, c.checkFormat, c.checkDurations, c.checkSizes, c.checkTLS,
	} {
		if key, err := check(); err != nil {
			return fmt.Errorf("endpoints[%s].%s: %w", c.Name, key, err)
		}
	}
	return nil
}

func (c Config) checkName() (string, error) {
	if strings.TrimSpace(c.Name) == "" {
		return "name", errors.New("is missing; logs and status need one")
	}
	return "", nil
}

func (c Config) checkURLs() (string, error) {
	switch split := c.APIURL != "" || c.EventURL != ""; {
	case c.URL == "" && !split:
		return "url", errors.New("is missing; give url, or api_url and event_url")
	case c.URL != "" && split:
		return "url", errors.New("excludes api_url and event_url")
	case split && c.APIURL == "":
		return "api_url", errors.New("is missing beside event_url")
	case split && c.EventURL == "":
		return "event_url", errors.New("is missing beside api_url")
	}
	for _, a := range c.addresses() {
		if _, err := resolve(a.url); err != nil {
			return a.key, err
		}
	}
	return "", nil
}

func (c Config) checkHeaders() (string, error) {
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		key, canonical := "headers."+name, http.CanonicalHeaderKey(name)
		switch {
		case !headerName(name):
			return key, errors.New("is not a header name")
		case !headerValue(c.Headers[name]):
			return key, errors.New("has a control character, perhaps a line break")
		case slices.Contains(reservedHeaders(), canonical), strings.HasPrefix(canonical, "Sec-Websocket-"):
			return key, errors.New("is set by the gateway itself")
		case canonical == "Authorization" && c.AccessToken != "":
			return key, errors.New("is already set by access_token")
		case canonical == "Authorization" && c.AccessTokenFile != "":
			return key, errors.New("is already set by access_token_file")
		}
	}
	return "", nil
}

func reservedHeaders() []string {
	return []string{"Connection", "Content-Length", "Host", "Transfer-Encoding", "Upgrade", "X-Client-Role", "X-Self-Id"}
}

// headerName reports whether s is a token of RFC 9110, section 5.6.2.
func headerName(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(letters+"!#$%&'*+-.^_`|~", r) })
}

// headerValue reports whether s has no control character but tabs.
func headerValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f })
}

func (c Config) checkProxy() (string, error) {
	if c.Proxy == "" || c.Proxy == proxyEnvironment {
		return "", nil
	}
	for _, a := range c.addresses() {
		if t, err := resolve(a.url); err != nil || t.network == "unix" {
			return "proxy", fmt.Errorf("is set, but %s is a unix socket", a.key)
		}
	}
	_, err := parseProxy(c.Proxy)
	return "proxy", err
}

func (c Config) checkFormat() (string, error) {
	if c.Format != formatArray && c.Format != formatString {
		return "format", fmt.Errorf("%q is not %s or %s", c.Format, formatArray, formatString)
	}
	return "", nil
}

func (c Config) checkDurations() (string, error) {
	for _, d := range []struct {
		key  string
		d    time.Duration
		zero bool // 0 has a meaning: off
	}{
		{"heartbeat", c.Heartbeat, true},
		{"reconnect.min", c.Reconnect.Min, false},
		{"reconnect.max", c.Reconnect.Max, false},
		{"queue.age", c.Queue.Age, true},
		{"dial_timeout", c.DialTimeout, false},
		{"handshake_timeout", c.HandshakeTimeout, false},
		{"ping_interval", c.PingInterval, true},
		{"pong_timeout", c.PongTimeout, false},
		{"write_timeout", c.WriteTimeout, false},
	} {
		// A bare number is nanoseconds, which nobody means.
		if d.d < time.Millisecond && (d.d != 0 || !d.zero) {
			return d.key, fmt.Errorf("%v is too short; durations have a unit, such as 500ms or 5s", d.d)
		}
	}
	if c.Reconnect.Max < c.Reconnect.Min {
		return "reconnect.max", fmt.Errorf("%v is less than reconnect.min, %v", c.Reconnect.Max, c.Reconnect.Min)
	}
	return "", nil
}

func (c Config) checkSizes() (string, error) {
	switch {
	case c.ReadLimit <= 0:
		return "read_limit", fmt.Errorf("%d is not positive", c.ReadLimit)
	case c.Queue.Bytes <= 0:
		return "queue.bytes", fmt.Errorf("%d is not positive", c.Queue.Bytes)
	case c.Queue.Events <= 0:
		return "queue.events", fmt.Errorf("%d is not positive", c.Queue.Events)
	case c.Queue.Overflow != overflowOldest && c.Queue.Overflow != overflowNewest:
		return "queue.overflow", fmt.Errorf("%q is not %s or %s", c.Queue.Overflow, overflowOldest, overflowNewest)
	}
	return "", nil
}

func (c Config) checkTLS() (string, error) {
	if c.TLS == (TLS{}) {
		return "", nil
	}
	for _, a := range c.addresses() {
		if t, err := resolve(a.url); err != nil || !t.secure {
			return "tls", fmt.Errorf("is set, but %s is not a wss:// address", a.key)
		}
	}
	key, _, err := c.TLS.load()
	return key, err
}
