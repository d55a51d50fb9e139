package sight

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/goccy/go-json"
	"github.com/rs/zerolog"

	"echogate/gateway"
)

// QQ is the account's side of the daemon. Counters count from the start of the process.
type QQ struct {
	Online      bool
	Since       time.Time // of the last change of Online; zero before the first login
	LastMessage time.Time // zero if none came yet

	PacketsReceived    uint64
	PacketsSent        uint64
	PacketsLost        uint64 // sent and not answered
	MessagesReceived   uint64
	MessagesSent       uint64
	MessagesReordered  uint64 // came out of order and were put right
	MessagesDuplicated uint64 // came more than once and were dropped
	Disconnects        uint64 // connections that broke
	Logouts            uint64 // logins that QQ ended
}

// Options is what a Sight looks at. The functions are called from many goroutines and must return at once.
type Options struct {
	// Endpoints returns the state of every endpoint; (*gateway.Gateway).Status is made for it.
	Endpoints func() []gateway.EndpointStatus
	// QQ returns the state of the account.
	QQ func() QQ
	// Version is the daemon's, for people.
	Version string
	Log     zerolog.Logger
}

// Sight answers the requests. It is an [http.Handler]; [Sight.Serve] gives it a listener.
type Sight struct {
	options Options
	log     zerolog.Logger
	mux     *http.ServeMux
}

// New makes a Sight. Its error tells which option is missing.
func New(o Options) (*Sight, error) {
	if o.Endpoints == nil || o.QQ == nil {
		return nil, errors.New("sight: Endpoints and QQ are needed")
	}
	s := &Sight{options: o, log: o.Log, mux: http.NewServeMux()}
	metrics, err := s.metricsHandler()
	if err != nil {
		return nil, err
	}
	s.mux.Handle("GET /metrics", metrics)
	s.mux.HandleFunc("GET /livez", s.livez)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.HandleFunc("GET /status", s.status)
	return s, nil
}

// ServeHTTP answers one request.
func (s *Sight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil { // without a port
		host = strings.Trim(r.Host, "[]")
	}
	if !isLoopback(host) {
		http.Error(w, "this is for loopback only", http.StatusForbidden)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

func (s *Sight) livez(w http.ResponseWriter, _ *http.Request) {
	s.look() // waits for the locks of whoever is asked
	s.text(w, http.StatusOK, "alive\n")
}

func (s *Sight) readyz(w http.ResponseWriter, _ *http.Request) {
	missing := s.look().missing()
	if len(missing) == 0 {
		s.text(w, http.StatusOK, "ready\n")
		return
	}
	s.text(w, http.StatusServiceUnavailable, "not ready\n"+strings.Join(missing, "\n")+"\n")
}

func (s *Sight) status(w http.ResponseWriter, _ *http.Request) {
	body, err := json.Marshal(s.look().report(s.options.Version))
	if err != nil {
		s.log.Error().Err(err).Msg("sight cannot encode the status")
		http.Error(w, "the status has no JSON form", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // a client that went away is not our trouble
}

func (s *Sight) text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body) // a client that went away is not our trouble
}

// view is what there was to see at one moment.
type view struct {
	qq        QQ
	endpoints []gateway.EndpointStatus
}

func (s *Sight) look() view {
	return view{s.options.QQ(), s.options.Endpoints()}
}
