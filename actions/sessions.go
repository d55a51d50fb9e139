package actions

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// Sessions are the sessions of all endpoints, by name. They can be exchanged while links use them.
type Sessions struct {
	registry *Registry

	mu     sync.Mutex
	byName map[string]*EndpointSession
}

// EndpointSession is the session that one endpoint has at the moment.
type EndpointSession struct {
	current atomic.Pointer[Session]
	options SessionOptions // guarded by Sessions.mu
}

// Sessions makes a session for each name.
func (r *Registry) Sessions(options map[string]SessionOptions) *Sessions {
	s := &Sessions{registry: r, byName: map[string]*EndpointSession{}}
	s.Configure(options)
	return s
}

// Configure makes a new session where the options differ: its bounds and limits begin anew, and calls of the old one
// finish as they began. Names that are not mentioned keep what they have.
func (s *Sessions) Configure(options map[string]SessionOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, o := range options {
		e := s.byName[name]
		if e == nil {
			e = new(EndpointSession)
			s.byName[name] = e
		} else if reflect.DeepEqual(e.options, o) {
			continue
		}
		e.options = o
		e.current.Store(s.registry.Session(name, o))
	}
}

// Endpoint returns the session of a name that was configured, nil of another.
func (s *Sessions) Endpoint(name string) *EndpointSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[name]
}

// Accept takes a frame as [Session.Accept] does, for the session of the moment.
func (e *EndpointSession) Accept(frame []byte) Call { return e.current.Load().Accept(frame) }
