package actions

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-json"

	"echogate/protocol"
)

// declaration is one line of the table: an action[P, R], whatever its P and R.
type declaration interface {
	label() string
	compile() (*entry, error)
}

// action declares one action. P is a struct whose tagged fields are the parameters (see params.go); R is the type of
// data, a struct with json and doc tags, a slice of such, or none.
type action[P, R any] struct {
	name  string
	doc   string // one sentence
	notes string // what else a caller should know, for the document; may be ""
	needs capability
	// reads says that nothing is changed, neither on QQ nor for the owner of the program, so that a read-only endpoint
	// may call it. An action that does not say so counts as changing something.
	reads bool
	// sends says that a message is sent, which an endpoint's rate limit may slow down.
	sends bool
	// chat names the chat that the action changes. Actions of one chat run in the order of arrival. nil: no
	// chat is changed, the action runs at once.
	chat func(p *P) protocol.Chat
	// find is chat for actions that name a message and not its chat: it may ask the history. Until it has answered, no
	// later action changes any chat.
	find    func(ctx context.Context, c *caller, p *P) (protocol.Chat, error)
	run     func(ctx context.Context, c *caller, p *P) (R, error)
	result  []field // documents R where its type does not: an interface
	example example
}

// none is the result of actions without data; it is encoded as null.
type none = *struct{}

// example is a call that the document shows and a test plays.
type example struct {
	params string // JSON object
	data   string // JSON of data in the answer
}

// checker is a parameter struct with rules that span several fields.
type checker interface{ check() error }

// caller is what a handler works with: the registry's parts and the asking endpoint's choices.
type caller struct {
	Options
	registry *Registry
	permit   *permissions // Driver and History ask it by themselves
	format   Format
}

// capability is an ability that not every driver has. The zero value is one that all have.
type capability struct {
	name string // the interface, for the document
	has  func(d protocol.Driver) bool
}

// able is the capability of implementing C.
func able[C any]() capability {
	return capability{
		name: reflect.TypeFor[C]().Name(),
		has:  func(d protocol.Driver) bool { _, ok := d.(C); return ok },
	}
}

// entry is a checked declaration with its types erased. The params of its functions are what decode returned.
type entry struct {
	name, doc, notes string
	needs            capability
	reads, sends     bool
	params           []*param
	result           []field
	resultType       string // OneBot's word for the type of data
	example          example

	decode func(raw []byte) (any, error)
	chat   func(p any) protocol.Chat
	find   func(ctx context.Context, c *caller, p any) (protocol.Chat, error)
	run    func(ctx context.Context, c *caller, p any) (any, error)
}

// changes tells whether the action takes its turn in a chat.
func (e *entry) changes() bool { return e.chat != nil || e.find != nil }

func (a action[P, R]) label() string { return a.name }

func (a action[P, R]) compile() (*entry, error) {
	e := &entry{name: a.name, doc: a.doc, notes: a.notes, needs: a.needs, reads: a.reads, sends: a.sends, example: a.example, result: a.result}
	switch {
	case a.name == "" || a.doc == "" || a.run == nil:
		return e, errors.New("name, doc and run are needed")
	case a.chat != nil && a.find != nil:
		return e, errors.New("chat and find exclude each other")
	case a.reads && (a.chat != nil || a.find != nil || a.sends):
		return e, errors.New("an action that reads changes no chat and sends nothing")
	case !json.Valid([]byte(a.example.params)) || !json.Valid([]byte(a.example.data)):
		return e, errors.New("example is not JSON")
	}
	var err error
	if e.params, err = paramsOf(reflect.TypeFor[P]()); err != nil {
		return e, err
	}
	if e.resultType, err = documentResult(&e.result, reflect.TypeFor[R]()); err != nil {
		return e, err
	}
	e.decode = func(raw []byte) (any, error) {
		p := new(P)
		if err := decodeParams(e.params, raw, reflect.ValueOf(p).Elem()); err != nil {
			return nil, err
		}
		if c, ok := any(p).(checker); ok {
			return p, c.check()
		}
		return p, nil
	}
	if _, err := e.decode([]byte(a.example.params)); err != nil {
		return e, fmt.Errorf("example: %w", err)
	}
	if a.chat != nil {
		e.chat = func(p any) protocol.Chat { return a.chat(p.(*P)) }
	}
	if a.find != nil {
		e.find = func(ctx context.Context, c *caller, p any) (protocol.Chat, error) { return a.find(ctx, c, p.(*P)) }
	}
	e.run = func(ctx context.Context, c *caller, p any) (any, error) { return a.run(ctx, c, p.(*P)) }
	return e, nil
}
