package gateway

import "time"

// EndpointStatus is what one endpoint is doing. Counters count from the start of the process.
type EndpointStatus struct {
	Name string
	// Connected tells whether all connections of the endpoint are up.
	Connected bool
	// Links holds one entry for each connection: universal, or api and event.
	Links []LinkStatus
	// QueuedEvents and QueuedBytes are waiting in the outbox.
	QueuedEvents int
	QueuedBytes  int64
	// SentEvents were written to a connection, DroppedEvents were not because the outbox was full or they had become too
	// old. ExpiredEvents counts the latter alone.
	SentEvents    uint64
	DroppedEvents uint64
	ExpiredEvents uint64
	// Actions are the action frames that came from the endpoint.
	Actions ActionStatus
	// AnswersDropped counts answers that came when the link which had asked was gone.
	AnswersDropped uint64
	// Panics counts panics of the endpoint's Handler.
	Panics uint64
}

// LinkStatus is the state of one connection.
type LinkStatus struct {
	Role Role
	// URL is the address without user, password and query.
	URL string
	// Connected tells whether the far side has accepted the connection and has spoken on it since.
	Connected bool
	// Since is when Connected last changed; the zero time if the connection was never up.
	Since time.Time
	// Dials counts the attempts to connect, the successful ones too.
	Dials uint64
	// Reconnects counts how often the connection came up again.
	Reconnects uint64
	// LastError tells why the connection is not up, in words that say what to check; empty while it is.
	LastError string
}

// Status returns the state of every endpoint, in the order of the configuration.
func (g *Gateway) Status() []EndpointStatus {
	endpoints := *g.endpoints.Load()
	all := make([]EndpointStatus, 0, len(endpoints))
	for _, e := range endpoints {
		all = append(all, e.status())
	}
	return all
}

func (e *endpoint) status() EndpointStatus {
	out := e.outbox.status()
	s := EndpointStatus{
		Name:           e.conf.Name,
		Connected:      true,
		QueuedEvents:   out.events,
		QueuedBytes:    out.bytes,
		SentEvents:     out.sent,
		DroppedEvents:  out.dropped,
		ExpiredEvents:  out.expired,
		Actions:        e.actions.status(),
		AnswersDropped: e.answersDropped.Load(),
		Panics:         e.panics.Load(),
	}
	for _, c := range e.connectors {
		link := c.snapshot()
		s.Connected = s.Connected && link.Connected
		s.Links = append(s.Links, link)
	}
	return s
}
