package gateway

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
)

// Why the links of an endpoint are closed while others stay.
var (
	errRemoved  = errors.New("endpoint was removed")
	errReplaced = errors.New("endpoint was changed")
)

// Apply makes the gateway serve these endpoints from now on. It checks all of them first; if one is wrong it returns the
// error of Validate and changes nothing. Before Run it only changes what Run begins with; after Run it is an error. It may
// be called from any goroutine, beside Publish too, and does not wait for links.
//
// Endpoints are told apart by name. One whose configuration is the same keeps its connections. One which is new is dialled.
// One which is gone gets what is queued (5 s at most) and is closed with 1001, in the background. One whose configuration
// differs in anything is closed with 1001 when its actions in flight are answered (5 s at most), and dialled again; its
// queue and counters are kept. Queued events keep the format in which they came, and are dropped where a smaller queue has
// no room for them. A new name is another endpoint.
//
// No address is dialled before every older connection to it is closed, whichever endpoint that belonged to.
func (g *Gateway) Apply(endpoints []Config) error {
	if err := Validate(endpoints); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return errors.New("gateway: Apply after the end of Run")
	}
	before := map[string]*endpoint{}
	for _, e := range *g.endpoints.Load() {
		before[e.conf.Name] = e
	}
	after := make([]*endpoint, 0, len(endpoints))
	for _, conf := range endpoints {
		old := before[conf.Name]
		delete(before, conf.Name)
		if old != nil && old.conf.equal(conf) {
			after = append(after, old)
			continue
		}
		e := newEndpoint(conf, &g.options, old)
		if old == nil {
			e.log.Info().Msg("endpoint added")
		} else {
			e.log.Info().Msg("endpoint changed, it is dialled again")
			e.report(e.outbox.rebound(conf.Queue))
		}
		after = append(after, e)
	}
	for _, e := range before {
		e.log.Info().Msg("endpoint removed")
	}
	g.endpoints.Store(&after)
	select {
	case g.changed <- struct{}{}:
	default:
	}
	return nil
}

// equal reports whether two configurations mean the same.
func (c Config) equal(other Config) bool {
	if len(c.Headers) == 0 && len(other.Headers) == 0 {
		c.Headers, other.Headers = nil, nil
	}
	return reflect.DeepEqual(c, other)
}

// fleet is what Run keeps running. It belongs to Run's goroutine.
type fleet struct {
	running    map[*endpoint]context.CancelCauseFunc // those that are wanted
	connectors []*connector                          // of these, and of others that are being closed
	goroutines sync.WaitGroup
}

// become ends the endpoints that are not wanted and starts those that do not run yet.
func (f *fleet) become(ctx context.Context, wanted []*endpoint) {
	for e, end := range f.running {
		if !slices.Contains(wanted, e) {
			why := errRemoved
			if slices.ContainsFunc(wanted, func(w *endpoint) bool { return w.outbox == e.outbox }) {
				why = errReplaced
			}
			end(why)
			delete(f.running, e)
		}
	}
	f.connectors = slices.DeleteFunc(f.connectors, (*connector).isGone)
	older := slices.Clone(f.connectors)
	for _, e := range wanted {
		if f.running[e] != nil {
			continue
		}
		for _, c := range e.connectors {
			for _, o := range older {
				if o.outbox == c.outbox || o.identity == c.identity {
					c.older = append(c.older, o.gone)
				}
			}
		}
		f.connectors = append(f.connectors, e.connectors...)
		life, end := context.WithCancelCause(ctx)
		f.running[e] = end
		f.goroutines.Go(func() {
			defer end(nil)
			e.run(life)
		})
	}
}
