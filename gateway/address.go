package gateway

import "net/url"

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
