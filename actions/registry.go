package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-json"
	"github.com/rs/zerolog"

	"echogate/protocol"
)

// History is the message store as actions need it; protocol/history implements it.
type History interface {
	// Record stores messages and gives each its message_id: the one it already has if it is known. Replies in their
	// bodies get the id of what they quote.
	Record(ctx context.Context, messages []protocol.Message) ([]int32, error)
	// Get returns the message with this id, or a [*protocol.NotFoundError].
	Get(ctx context.Context, id int32) (protocol.Message, error)
}

// Events makes the OneBot objects that actions and events have in common, so that both come from one place.
type Events interface {
	// Message is the complete message event of m, as JSON; id is its message_id, self the account.
	Message(m protocol.Message, id int32, self protocol.UserID, f Format) json.RawMessage
	// Status is the status object of heartbeats, which get_status returns. It is encoded as JSON.
	Status(s protocol.Status) any
}

// Version is what get_version_info tells of this program.
type Version struct {
	App       string // version of echogate, such as "v0.1.0"
	Directory string // the data folder
	Go        string // runtime.Version()
	OS, Arch  string // runtime.GOOS, runtime.GOARCH
}

// Options are what a [Registry] works with. All are needed; the zero Log is silent.
type Options struct {
	Driver  protocol.Driver
	History History
	Events  Events
	Version Version
	Log     zerolog.Logger
}

// Registry is the table of actions, bound to one account. It is safe for concurrent use.
type Registry struct {
	options Options
	actions map[string]*entry
	order   []*entry // as declared, which is the order of the document
	lanes   *lanes
}

// New checks the table and binds it. It starts nothing. An error means that the table itself or o is broken; it names
// every fault.
func New(o Options) (*Registry, error) { return newRegistry(o, table()) }

func newRegistry(o Options, declarations []declaration) (*Registry, error) {
	if o.Driver == nil || o.History == nil || o.Events == nil {
		return nil, errors.New("bind actions: driver, history and events are needed")
	}
	r := &Registry{options: o, actions: map[string]*entry{}, lanes: newLanes()}
	var faults []error
	for _, d := range declarations {
		e, err := d.compile()
		if err != nil {
			faults = append(faults, fmt.Errorf("action %q: %w", e.name, err))
			continue
		}
		if _, double := r.actions[e.name]; double {
			faults = append(faults, fmt.Errorf("action %q: declared twice", e.name))
		}
		r.actions[e.name] = e
		r.order = append(r.order, e)
	}
	return r, errors.Join(faults...)
}

// Names are the names of all actions, sorted.
func (r *Registry) Names() []string { return Names() }

// Names are the names of all actions, sorted, for who has no Registry.
func Names() []string {
	var names []string
	for _, d := range table() {
		names = append(names, d.label())
	}
	slices.Sort(names)
	return names
}
