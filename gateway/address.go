package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// address is one connection that a configuration asks for.
type address struct {
	key  string // of the configuration
	role Role
	url  string
}

// addresses returns the connections of the endpoint: one universal, or api and event.
func (c Config) addresses() []address {
	if c.URL != "" {
		return []address{{"url", RoleUniversal, c.URL}}
	}
	return []address{{"api_url", RoleAPI, c.APIURL}, {"event_url", RoleEvent, c.EventURL}}
}

// target is where an address leads.
type target struct {
	network, addr string // for a DialFunc
	url           string // ws:// or wss://, what the handshake asks for and, by its host, whom
	secure        bool
}

// identity tells whether two addresses lead to the same place: it is the same however the address is written and whoever
// logs in.
func (t target) identity() string {
	u, err := url.Parse(t.url)
	if err != nil {
		return t.url
	}
	return t.network + " " + t.addr + " " + cmp.Or(u.EscapedPath(), "/") + "?" + u.RawQuery
}

// unixHost is the host that handshakes over a unix socket ask for, as Node's ws has it.
const unixHost = "localhost"

// resolve reads an address. Its errors repeat no part that may hold a secret.
func resolve(raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, errors.New("is not an address") // err repeats parts of it
	}
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	if scheme != "ws" && scheme != "wss" {
		return target{}, fmt.Errorf("scheme %q is not ws or wss", u.Scheme)
	}
	if u.Fragment != "" {
		return target{}, errors.New("has a fragment (#...), which WebSocket addresses cannot have")
	}
	if unix {
		return resolveUnix(u, scheme)
	}
	if u.Hostname() == "" {
		return target{}, errors.New("has no host")
	}
	if err := checkPort(u.Port()); err != nil {
		return target{}, err
	}
	port := cmp.Or(u.Port(), map[string]string{"ws": "80", "wss": "443"}[scheme])
	return target{"tcp", net.JoinHostPort(strings.ToLower(u.Hostname()), port), raw, scheme == "wss"}, nil
}

// resolveUnix reads ws+unix:///path/to.sock:/uri, the form that Node's ws made common.
func resolveUnix(u *url.URL, scheme string) (target, error) {
	if u.Host != "" {
		return target{}, errors.New("has a host; a socket's path begins with a slash, as in ws+unix:///run/bot.sock:/uri")
	}
	escaped, uri, _ := strings.Cut(u.EscapedPath(), ":")
	path, err := url.PathUnescape(escaped)
	switch {
	case err != nil, strings.Contains(path, "\x00"):
		return target{}, errors.New("is not an address")
	case !strings.HasPrefix(path, "/"), strings.HasSuffix(path, "/"):
		return target{}, errors.New("has no path of a socket, as in ws+unix:///run/bot.sock:/uri")
	case uri != "" && !strings.HasPrefix(uri, "/"):
		return target{}, errors.New("has no slash after the colon, as in ws+unix:///run/bot.sock:/uri")
	}
	asked := (&url.URL{Scheme: scheme, User: u.User, Host: unixHost}).String() + cmp.Or(uri, "/")
	if u.RawQuery != "" {
		asked += "?" + u.RawQuery
	}
	return target{"unix", path, asked, scheme == "wss"}, nil
}

func checkPort(port string) error {
	if port == "" {
		return nil
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("port %s is not between 1 and 65535", port)
	}
	return nil
}

// masked returns raw for people to read, without user, password and query, where users put secrets.
func masked(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(not an address)"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	s := shown.String()
	if u.RawQuery != "" {
		s += "?..."
	}
	return s
}
