package control

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/goccy/go-json"
	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

// Server is what the interface needs of the sandbox's QQ server; *sandbox.Server is one. Its methods must be safe for
// concurrent use.
type Server interface {
	// Sessions are the logins of this moment.
	Sessions() []sandbox.Session
	// Unanswered are the names of the commands that clients sent and the server does not know.
	Unanswered() []string
	// RefusedEgress are the hosts that clients were kept from reaching.
	RefusedEgress() []string
	// ChangeFaults lets change edit the faults in force, in one step, and returns what they are from then on. change does
	// not call the server.
	ChangeFaults(change func(*sandbox.Faults)) sandbox.Faults
	// DropConnections cuts the account's connections, everybody's with account 0, and returns how many there were. When it
	// returns they are gone from Sessions.
	DropConnections(user protocol.UserID) int
	// ForceOffline pushes a forced offline with a reason to the account; an error when it is not logged in.
	ForceOffline(user protocol.UserID, reason string) error
	// Expire makes the account's session invalid; an error when it is not logged in.
	Expire(user protocol.UserID) error
}

// Control answers the calls. It is an [http.Handler]; [Control.Serve] gives it a listener.
type Control struct {
	world  *sandbox.World
	server Server
	log    zerolog.Logger
	routes []route
}

type route struct {
	method, path string
	call         func(*http.Request) (any, error)
}

// New makes the control interface of a world and its server.
func New(world *sandbox.World, server Server, log zerolog.Logger) *Control {
	c := &Control{world: world, server: server, log: log}
	c.routes = []route{
		{http.MethodPost, "/say", c.say},
		{http.MethodPost, "/recall", c.recall},
		{http.MethodPost, "/burst", c.burst},
		{http.MethodGet, "/messages", c.messages},
		{http.MethodGet, "/world", c.readWorld},
		{http.MethodGet, "/status", c.status},
		{http.MethodPost, "/faults", c.setFaults},
		{http.MethodDelete, "/faults", c.clearFaults},
		{http.MethodPost, "/offline", c.offline},
		{http.MethodPost, "/expire", c.expire},
	}
	return c
}

// ServeHTTP answers one call.
func (c *Control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	status := http.StatusOK
	answer, err := c.dispatch(w, r)
	if err != nil {
		status, answer = describe(err)
	}
	body, err := json.MarshalWithOption(answer, json.DisableHTMLEscape())
	if err != nil {
		c.log.Error().Err(err).Str("path", r.URL.Path).Msg("encode answer of a control call")
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON form"}`)
	}
	c.log.Debug().Str("method", r.Method).Str("path", r.URL.Path).Int("status", status).Msg("control call")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		c.log.Debug().Err(err).Str("path", r.URL.Path).Msg("caller of a control call is gone")
	}
}

func (c *Control) dispatch(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := checkCaller(r); err != nil {
		return nil, err
	}
	var methods, calls []string
	for _, route := range c.routes {
		calls = append(calls, route.method+" "+route.path)
		if route.path != r.URL.Path {
			continue
		}
		if route.method == r.Method {
			return route.call(r)
		}
		methods = append(methods, route.method)
	}
	if methods != nil {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return nil, failf(http.StatusMethodNotAllowed, "%s wants %s, not %s", r.URL.Path, strings.Join(methods, " or "), r.Method)
	}
	return nil, failf(http.StatusNotFound, "no call %s, there are %s", r.URL.Path, strings.Join(calls, ", "))
}

// checkCaller refuses browsers. Scripts send no Origin; a web page that has its own name resolve to 127.0.0.1 gives
// itself away by its Host.
func checkCaller(r *http.Request) error {
	if origin := r.Header.Get("Origin"); origin != "" {
		return failf(http.StatusForbidden, "requests of web pages are refused (Origin %q)", origin)
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !strings.EqualFold(host, "localhost") && !isLoopback(strings.Trim(host, "[]")) {
		return failf(http.StatusForbidden, "Host %q is not loopback", r.Host)
	}
	return nil
}

func isLoopback(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && addr.Unmap().IsLoopback()
}
