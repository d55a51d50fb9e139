package control

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters takes the parameters of a query one by one, as object does the members of a body.
type parameters struct {
	values url.Values
	known  []string
	err    error
}

func (p *parameters) take(name string) (string, bool) {
	p.known = append(p.known, name)
	if len(p.values[name]) > 1 {
		p.wrong(name, "given once")
	}
	return p.values.Get(name), p.values.Has(name)
}

func (p *parameters) wrong(name, want string) {
	if p.err == nil {
		p.err = badf("parameter %q must be %s", name, want)
	}
}

// number takes an integer from 0, or from 1 where leaving it out means something else than 0.
func (p *parameters) number(name string, otherwise, high int64) int64 {
	value, ok := p.take(name)
	if !ok {
		return otherwise
	}
	low := min(otherwise, 1)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < low || n > high {
		p.wrong(name, fmt.Sprintf("a whole number from %d to %d", low, high))
	}
	return n
}

func (p *parameters) duration(name string, most time.Duration) time.Duration {
	value, ok := p.take(name)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > most {
		p.wrong(name, fmt.Sprintf("a duration such as 10s, at most %v", most))
	}
	return d
}

func (p *parameters) done() error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !slices.Contains(p.known, name) {
			return badf("unknown parameter %q, known are %s", name, strings.Join(p.known, ", "))
		}
	}
	return p.err
}
