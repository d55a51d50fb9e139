package control

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"echogate/protocol"
)

const maxNumber = 1<<32 - 1 // QQ numbers and seqs travel as 32 bits

// object takes the members of a JSON object one by one. The first thing that is wrong is kept until done, which also
// finds members that nobody took.
type object struct {
	members map[string]json.RawMessage
	known   []string
	err     error
}

func readObject(r *http.Request) (*object, error) {
	body, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, failf(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", maxBody)
	}
	if err != nil {
		return nil, badf("read body: %v", err)
	}
	return parseObject(body)
}

func parseObject(body []byte) (*object, error) {
	o := &object{}
	if !json.Valid(body) {
		return nil, badf("the body is not JSON")
	}
	if err := json.Unmarshal(body, &o.members); err != nil || o.members == nil {
		return nil, badf("the body is not a JSON object")
	}
	for name, value := range o.members {
		if string(value) == "null" {
			delete(o.members, name)
		}
	}
	return o, nil
}

// take is a member's JSON text, nil when it was left out.
func (o *object) take(name string) json.RawMessage {
	if !slices.Contains(o.known, name) {
		o.known = append(o.known, name)
	}
	return o.members[name]
}

func (o *object) has(name string) bool { return o.members[name] != nil }

func (o *object) wrong(name, want string) {
	if o.err == nil {
		o.err = badf("member %q must be %s", name, want)
	}
}

// number takes an integer with low <= n <= high; 0 when it was left out.
func (o *object) number(name string, low, high int64) int64 {
	raw := o.take(name)
	if raw == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < low || n > high {
		o.wrong(name, fmt.Sprintf("a whole number from %d to %d", low, high))
		return 0
	}
	return n
}

func (o *object) user(name string) protocol.UserID {
	return protocol.UserID(o.number(name, 1, maxNumber))
}

func (o *object) group(name string) protocol.GroupID {
	return protocol.GroupID(o.number(name, 1, maxNumber))
}

// groups takes an array of group numbers.
func (o *object) groups(name string) []protocol.GroupID {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	const want = "an array of group numbers"
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		o.wrong(name, want)
		return nil
	}
	list := make([]protocol.GroupID, len(items))
	for i, item := range items {
		n, err := strconv.ParseInt(string(item), 10, 64)
		if err != nil || n < 1 || n > maxNumber {
			o.wrong(name, want)
			return nil
		}
		list[i] = protocol.GroupID(n)
	}
	return list
}

func (o *object) text(name string) string {
	raw := o.take(name)
	if raw == nil {
		return ""
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		o.wrong(name, "a string")
	}
	return s
}

func (o *object) flag(name string) bool {
	raw := string(o.take(name))
	if raw != "" && raw != "true" && raw != "false" {
		o.wrong(name, "true or false")
	}
	return raw == "true"
}

// duration takes a string such as "1.5s".
func (o *object) duration(name string, most time.Duration) time.Duration {
	value := o.text(name)
	if !o.has(name) {
		return 0
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > most {
		o.wrong(name, fmt.Sprintf("a duration such as %q, at most %v", "1.5s", most))
		return 0
	}
	return d
}

// require says which of the members must be there.
func (o *object) require(names ...string) {
	for _, name := range names {
		if o.err == nil && !o.has(name) {
			o.err = badf("member %q is missing", name)
		}
	}
}

// done is the first error, or that of a member which no call took.
func (o *object) done() error {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if !slices.Contains(o.known, name) {
			return badf("unknown member %q, known are %s", name, strings.Join(o.known, ", "))
		}
	}
	return o.err
}
