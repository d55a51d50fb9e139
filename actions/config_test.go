package actions

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"echogate/protocol"
)

func TestDefaultSessionConfig(t *testing.T) {
	c := DefaultSessionConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.RateLimit = RateLimit{PerSecond: 0.5, Burst: 1, Always: true}
	c.Policy = Policy{
		Preset: ReadOnly, Actions: ActionRules{Allow: []string{"get_*", "future_*"}, Deny: []string{"get_msg", "x?", `\*`}},
		Groups: []protocol.GroupID{1}, Users: []protocol.UserID{1},
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestSessionConfigFaults(t *testing.T) {
	for _, c := range []struct {
		spoil func(c *SessionConfig)
		want  string
	}{
		{func(c *SessionConfig) { c.InFlight = 0 }, "in_flight: 0 is not positive"},
		{func(c *SessionConfig) { c.InFlightBytes = -1 }, "in_flight_bytes: -1 is not positive"},
		{func(c *SessionConfig) { c.Deadline = 25 }, "deadline: 25ns is too short"},
		{func(c *SessionConfig) { c.Policy.Preset = "readonly" }, `policy.preset: "readonly" is not read_only`},
		{func(c *SessionConfig) { c.Policy.Actions.Allow = []string{"get_*", "[a"} }, `policy.actions.allow[1]: "[a" is not a glob`},
		{func(c *SessionConfig) { c.Policy.Actions.Allow = []string{"[!s]*"} }, `policy.actions.allow[0]: "[!s]*" is a shell's glob`},
		{func(c *SessionConfig) { c.Policy.Actions.Deny = []string{"send_mesage"} }, `policy.actions.deny[0]: "send_mesage" is not an action`},
		{func(c *SessionConfig) { c.Policy.Actions.Deny = []string{"send_msg_async"} }, `policy.actions.deny[0]: "send_msg_async" is not an action`},
		{func(c *SessionConfig) { c.Policy.Groups = []protocol.GroupID{1, 0} }, "policy.groups[1]: 0 is not a group number"},
		{func(c *SessionConfig) { c.RateLimit.Always = true }, "rate_limit.always: needs per_second"},
		{func(c *SessionConfig) { c.RateLimit.PerSecond = -1 }, "rate_limit.per_second: -1 is not 0 or between 0.001 and 1000000"},
		{func(c *SessionConfig) { c.RateLimit.PerSecond = math.NaN() }, "rate_limit.per_second: NaN is not"},
		{func(c *SessionConfig) { c.RateLimit.PerSecond = math.Inf(1) }, "rate_limit.per_second: +Inf is not"},
		{func(c *SessionConfig) { c.RateLimit = RateLimit{PerSecond: 1} }, "rate_limit.burst: 0 is not between 1 and 1000000"},
		{func(c *SessionConfig) { c.Policy.Users = []protocol.UserID{-5} }, "policy.users[0]: -5 is not a QQ number"},
	} {
		config := DefaultSessionConfig()
		c.spoil(&config)
		if err := config.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestSessionConfigKeys fixes the keys under which users write it; every one is there, so a new one needs its line.
func TestSessionConfigKeys(t *testing.T) {
	written := map[string]any{
		"in_flight": 5, "in_flight_bytes": 6, "deadline": "7s",
		"policy": map[string]any{
			"preset": "read_only", "actions": map[string]any{"allow": []any{"get_*"}, "deny": []any{"get_msg"}},
			"groups": []any{30003}, "users": []any{20002},
		},
		"rate_limit": map[string]any{"per_second": 0.5, "burst": 3, "always": true},
	}
	c := DefaultSessionConfig()
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: &c, ErrorUnused: true, ErrorUnset: true, DecodeHook: mapstructure.StringToTimeDurationHookFunc(),
		MatchName: func(key, field string) bool { return key == field },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(written); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	want := SessionConfig{
		InFlight: 5, InFlightBytes: 6, Deadline: 7 * time.Second,
		Policy: Policy{
			Preset: ReadOnly, Actions: ActionRules{Allow: []string{"get_*"}, Deny: []string{"get_msg"}},
			Groups: []protocol.GroupID{30003}, Users: []protocol.UserID{20002},
		},
		RateLimit: RateLimit{PerSecond: 0.5, Burst: 3, Always: true},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("decoded %+v", c)
	}
}

// TestZeroBoundsAreTheDefaults keeps a session usable whose options say nothing.
func TestZeroBoundsAreTheDefaults(t *testing.T) {
	s := newWorld().session(t)
	if s.bounds.InFlight != DefaultInFlight || s.bounds.InFlightBytes != DefaultInFlightBytes || s.bounds.Deadline != 25*time.Second {
		t.Errorf("bounds %+v", s.bounds)
	}
}
