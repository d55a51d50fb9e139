package actions

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"echogate/protocol"
)

// param is one parameter of an action, made from a field of its parameter struct:
//
//	GroupID protocol.GroupID `param:"group_id" doc:"the group"`
//	NoCache bool             `param:"no_cache" default:"false" doc:"ask QQ again"`
//	Seq     uint32           `param:"message_seq" optional:"true" doc:"the newest message to return"`
//	Flag    string           `param:"anonymous_flag" alias:"flag" doc:"..."`
//
// A field without default and optional is required. Embedded structs contribute their fields; fields that are not
// exported are the handler's own.
type param struct {
	name     string
	aliases  []string
	kind     string // OneBot's word for the type
	required bool
	fallback string // JSON; "" none
	doc      string
	index    []int // of the field
	set      setter
}

// setter reads the JSON of a parameter into its field. Its error continues the sentence "parameter x ...".
type setter func(raw []byte, field reflect.Value) error

// rawJSON is a parameter that its handler reads by itself. It is a slice of the frame.
type rawJSON []byte

func paramsOf(t reflect.Type) ([]*param, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("parameters are a %s, not a struct", t)
	}
	var params []*param
	taken := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		p, err := paramOf(f)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		for _, name := range append([]string{p.name}, p.aliases...) {
			if taken[name] {
				return nil, fmt.Errorf("field %s: %q is taken", f.Name, name)
			}
			taken[name] = true
		}
		params = append(params, p)
	}
	return params, nil
}

func paramOf(f reflect.StructField) (*param, error) {
	p := &param{name: f.Tag.Get("param"), doc: f.Tag.Get("doc"), index: f.Index}
	if p.name == "" || p.doc == "" {
		return nil, errors.New("tags param and doc are needed")
	}
	if alias := f.Tag.Get("alias"); alias != "" {
		p.aliases = strings.Split(alias, ",")
	}
	p.kind, p.set = setterOf(f.Type)
	if p.set == nil {
		return nil, fmt.Errorf("type %s cannot be a parameter", f.Type)
	}
	fallback, defaulted := f.Tag.Lookup("default")
	_, optional := f.Tag.Lookup("optional")
	p.required = !defaulted && !optional
	if defaulted {
		p.fallback = fallback
		if err := p.set([]byte(fallback), reflect.New(f.Type).Elem()); err != nil {
			return nil, fmt.Errorf("default %w", err)
		}
	}
	if optional && f.Type.Kind() == reflect.Int64 {
		// Koishi writes 0 for an id that is not set.
		p.set = zeroIsAbsent(p.set)
	}
	return p, nil
}

// setterOf returns nil for a type that cannot be a parameter.
func setterOf(t reflect.Type) (kind string, set setter) {
	switch t {
	case reflect.TypeFor[protocol.UserID](), reflect.TypeFor[protocol.GroupID]():
		return "int64", setID
	case reflect.TypeFor[rawJSON]():
		return "message", func(raw []byte, field reflect.Value) error {
			field.SetBytes(raw)
			return nil
		}
	}
	switch t.Kind() {
	case reflect.Int32, reflect.Int64:
		return t.Kind().String(), setInt
	case reflect.Uint32:
		return t.Kind().String(), setUint
	case reflect.Bool:
		return "boolean", setBool
	case reflect.String:
		return "string", setString
	default:
		return "", nil
	}
}

// decodeParams fills the struct at into from the object raw, which is nil when the frame has no params. null counts as
// absent. Names that no parameter has are ignored: frameworks send self_id, _timeout and the like.
func decodeParams(params []*param, raw []byte, into reflect.Value) error {
	given := make(map[string][]byte, len(params))
	var doubles []string
	if raw != nil {
		for name, value := range members(raw) {
			known := slices.ContainsFunc(params, func(p *param) bool { return p.name == name || slices.Contains(p.aliases, name) })
			if !known || string(value) == "null" {
				continue
			}
			if _, ok := given[name]; ok {
				doubles = append(doubles, name)
			}
			given[name] = value
		}
	}
	for _, p := range params {
		name, value := p.find(given)
		switch {
		case value == nil && p.required:
			return &paramError{name: p.name, reason: "is missing: " + p.doc}
		case value == nil && p.fallback != "":
			value = []byte(p.fallback)
		case value == nil:
			continue
		case slices.Contains(doubles, name):
			return &paramError{name: p.name, reason: "is given twice"}
		}
		if err := p.set(value, into.FieldByIndex(p.index)); err != nil {
			return &paramError{name: p.name, reason: err.Error()}
		}
	}
	return nil
}

// find returns what was given under the parameter's name, or else under its aliases in their order.
func (p *param) find(given map[string][]byte) (string, []byte) {
	if value, ok := given[p.name]; ok {
		return p.name, value
	}
	for _, alias := range p.aliases {
		if value, ok := given[alias]; ok {
			return alias, value
		}
	}
	return p.name, nil
}
