package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Options is what a gateway needs from the rest of the daemon. All functions are called from many goroutines and must
// return at once.
type Options struct {
	// SelfID returns the account that is logged in, or 0 while there is none; nothing is dialled before it is known.
	SelfID func() int64
	// Lifecycle returns the event that opens every universal and event connection, or nil for none.
	Lifecycle func() []byte
	// Heartbeat returns a heartbeat event that announces the next one after interval, or nil to leave this one out.
	Heartbeat func(interval time.Duration) []byte
	// Handler returns what executes the actions of an endpoint. It is called when the endpoint is added and again when
	// Apply changes it; calls of the old Handler may still be ending then.
	Handler func(endpoint string) Handler
	// UserAgent is the header of that name; "echogate" if empty.
	UserAgent string
	// Dial opens TCP connections; nil is the system's way.
	Dial DialFunc
	Log  zerolog.Logger
}

// Gateway serves a set of endpoints.
type Gateway struct {
	options   Options
	endpoints atomic.Pointer[[]*endpoint] // as they are wanted; replaced as a whole, under mu
	changed   chan struct{}               // tells Run to look at endpoints again
	ran       atomic.Bool

	mu      sync.Mutex
	stopped bool // Run starts nothing more
}

// New checks the configurations, each by itself and all together, and returns a Gateway that does nothing before Run
// except queue what is published.
func New(endpoints []Config, o Options) (*Gateway, error) {
	o.UserAgent = cmp.Or(o.UserAgent, "echogate")
	if o.Dial == nil {
		o.Dial = systemDial()
	}
	if o.SelfID == nil || o.Lifecycle == nil || o.Heartbeat == nil || o.Handler == nil {
		return nil, errors.New("gateway: SelfID, Lifecycle, Heartbeat and Handler are needed")
	}
	if err := Validate(endpoints); err != nil {
		return nil, err
	}
	g := &Gateway{options: o, changed: make(chan struct{}, 1)}
	all := make([]*endpoint, 0, len(endpoints))
	for _, conf := range endpoints {
		all = append(all, newEndpoint(conf, &g.options, nil))
	}
	g.endpoints.Store(&all)
	return g, nil
}

// Validate checks endpoints, each by itself and all together: no two may have the same name or address, because for most
// frameworks a second connection of one account replaces or breaks the first. Its errors name the key.
func Validate(endpoints []Config) error {
	names, urls := map[string]bool{}, map[string]string{}
	for i, conf := range endpoints {
		if strings.TrimSpace(conf.Name) == "" {
			return fmt.Errorf("endpoints[%d].name: is missing; logs and status need one", i)
		}
		if err := conf.Validate(); err != nil {
			return err
		}
		if names[conf.Name] {
			return fmt.Errorf("endpoints[%s].name: is used twice", conf.Name)
		}
		names[conf.Name] = true
		for _, a := range conf.addresses() {
			to, err := resolve(a.url)
			if err != nil {
				return err // Validate has seen it
			}
			if other, taken := urls[to.identity()]; taken && other != conf.Name {
				return fmt.Errorf("endpoints[%s].%s: is the address of endpoints[%s] too", conf.Name, a.key, other)
			}
			urls[to.identity()] = conf.Name
		}
	}
	return nil
}

// Run keeps the links of all endpoints up until ctx ends. Then it reads no more actions, lets those in flight finish (5 s
// at most) and sends their answers, closes every link with 1001 (2 s at most), and returns nil when all its goroutines
// have ended. It can be called once.
func (g *Gateway) Run(ctx context.Context) error {
	if g.ran.Swap(true) {
		return errors.New("gateway: Run called twice")
	}
	f := &fleet{running: map[*endpoint]context.CancelCauseFunc{}}
	for ctx.Err() == nil {
		f.become(ctx, *g.endpoints.Load())
		select {
		case <-ctx.Done():
		case <-g.changed:
		}
	}
	g.mu.Lock()
	g.stopped = true
	g.mu.Unlock()
	f.goroutines.Wait()
	return nil
}

// Publish queues an event for every endpoint. It never blocks and never fails: what an endpoint has no room for is dropped
// and counted there. Calls from one goroutine keep their order.
func (g *Gateway) Publish(e Event) {
	for _, ep := range *g.endpoints.Load() {
		ep.publish(e)
	}
}
