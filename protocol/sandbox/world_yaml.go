package sandbox

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"echogate/protocol"
)

// place is one value of a world file and the way to it. The zero node is a key that was left out: reading it changes
// nothing, unless the value is required.
//
// yaml.v3's own strict mode names a line and a Go type; a person who wrote "groups[2]" wants to read "groups[2]".
type place struct {
	path string
	node *yaml.Node
}

func (p place) errorf(format string, args ...any) error {
	where := cmp.Or(p.path, "the file")
	if p.node != nil {
		where = fmt.Sprintf("%s (line %d)", where, p.node.Line)
	}
	return fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
}

// absent tells whether the key was left out, or written without a value.
func (p place) absent() bool { return p.node == nil || p.node.Tag == "!!null" }

// entry is one key of a mapping with its value.
type entry struct{ key, value place }

// entries are the keys of a mapping in written order; a doubled key is an error.
func (p place) entries() ([]entry, error) {
	if p.absent() {
		return nil, nil
	}
	node := followed(p.node)
	if node.Kind != yaml.MappingNode {
		return nil, p.errorf("must be a mapping of keys to values")
	}
	var list []entry
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := followed(node.Content[i]), followed(node.Content[i+1])
		path := strings.TrimPrefix(p.path+"."+key.Value, ".")
		double := slices.ContainsFunc(list, func(e entry) bool { return e.key.node.Value == key.Value })
		if double {
			return nil, place{path, key}.errorf("the key is written twice")
		}
		list = append(list, entry{place{path, key}, place{path, value}})
	}
	return list, nil
}

// mapping reads a mapping that may hold only these keys. Keys that are left out have their place in the result too.
func (p place) mapping(known ...string) (map[string]place, error) {
	entries, err := p.entries()
	if err != nil {
		return nil, err
	}
	keys := make(map[string]place, len(known))
	for _, k := range known {
		keys[k] = place{path: strings.TrimPrefix(p.path+"."+k, ".")}
	}
	for _, e := range entries {
		name := e.key.node.Value
		if !slices.Contains(known, name) {
			return nil, e.key.errorf("unknown key, known are %s", strings.Join(known, ", "))
		}
		keys[name] = e.value
	}
	return keys, nil
}

func (p place) sequence() ([]place, error) {
	if p.absent() {
		return nil, nil
	}
	node := followed(p.node)
	if node.Kind != yaml.SequenceNode {
		return nil, p.errorf("must be a list")
	}
	list := make([]place, len(node.Content))
	for i, item := range node.Content {
		list[i] = place{fmt.Sprintf("%s[%d]", p.path, i), followed(item)}
	}
	return list, nil
}

// decode reads a scalar into v. want describes what v can hold.
func (p place) decode(v any, want string) error {
	if p.absent() {
		return nil
	}
	if p.node.Kind != yaml.ScalarNode || p.node.Decode(v) != nil {
		return p.errorf("must be %s", want)
	}
	return nil
}

// number reads an integer with low <= v <= high. Left out it stays what it was; if that is not in the range, the number
// is required.
func number[T ~int | ~int64 | ~uint32](p place, v *T, low, high int64) error {
	n := int64(*v)
	if !p.absent() && p.node.ShortTag() != "!!int" { // yaml.v3 would cut 1.5 down to 1
		return p.errorf("must be a whole number")
	}
	if err := p.decode(&n, "a whole number"); err != nil {
		return err
	}
	if n < low || n > high {
		if p.absent() {
			return p.errorf("is missing")
		}
		return p.errorf("%d is not between %d and %d", n, low, high)
	}
	*v = T(n)
	return nil
}

// user reads the number of an account, which is required.
func (p place) user(v *protocol.UserID) error {
	n := int64(*v)
	if err := number(p, &n, math.MinInt64, math.MaxInt64); err != nil {
		return err
	}
	switch {
	case p.absent():
		return p.errorf("is missing")
	case n > maxID:
		return p.errorf("%d is too large: QQ numbers end at %d", n, int64(maxID))
	case n < minUser:
		return p.errorf("%d is too small: QQ numbers start at %d", n, minUser)
	}
	*v = protocol.UserID(n)
	return nil
}

func (p place) text(v *string) error { return p.decode(v, "text") }

// maxNameBytes is QQ's limit of a member's card, which this file applies to all names.
const maxNameBytes = 60

func (p place) name(v *string, required bool) error {
	if err := p.text(v); err != nil {
		return err
	}
	switch {
	case required && *v == "":
		return p.errorf("is missing")
	case len(*v) > maxNameBytes:
		return p.errorf("has %d bytes, %d are allowed", len(*v), maxNameBytes)
	}
	return nil
}

// moment reads Unix seconds or a YAML timestamp such as 2030-01-01T00:00:00Z.
func (p place) moment(v *int64) error {
	var at time.Time
	if !p.absent() && p.node.Kind == yaml.ScalarNode && p.node.Decode(&at) == nil {
		*v = at.Unix()
		if *v < 0 || *v > maxTime {
			return p.errorf("%s is before 1970 or after 2106", p.node.Value)
		}
		return nil
	}
	return number(p, v, 0, maxTime)
}

func (p place) role(v *protocol.Role) error {
	return oneOf(p, v, protocol.RoleMember, protocol.RoleAdmin, protocol.RoleOwner)
}

func (p place) sex(v *protocol.Sex) error {
	return oneOf(p, v, protocol.SexUnknown, protocol.Male, protocol.Female)
}

// oneOf reads the word of one of the values; left out it is the first.
func oneOf[T fmt.Stringer](p place, v *T, values ...T) error {
	word := values[0].String()
	if err := p.text(&word); err != nil {
		return err
	}
	var words []string
	for _, value := range values {
		if value.String() == word {
			*v = value
			return nil
		}
		words = append(words, value.String())
	}
	return p.errorf("%q is none of %s", word, strings.Join(words, ", "))
}

// followed is the node that an alias stands for.
func followed(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// first is the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
