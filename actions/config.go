package actions

import (
	"fmt"
	"time"
)

const (
	// DefaultDeadline is how long an action may take, counted from the arrival of its frame and including the wait for
	// its turn. It lies below the 30 s after which NoneBot gives up. SealDice gives up after 10 s; nothing is gained by
	// following it, because a send that is abandoned early has an unknown outcome, while a late answer is only unused.
	DefaultDeadline = 25 * time.Second
	// DefaultInFlight is how many actions of one endpoint may be unanswered at once. It is generous, because frameworks
	// answer a burst of events all at once, and every action refused is a reply that a user misses.
	DefaultInFlight = 1024
	// DefaultInFlightBytes is how long the frames of an endpoint's unanswered actions may be in sum: four pictures of
	// 48 MiB as base64.
	DefaultInFlightBytes = 256 << 20
)

// SessionConfig is an endpoint's own choices as the user writes them. Start from [DefaultSessionConfig].
type SessionConfig struct {
	// InFlight is how many actions may be unanswered at once; more are answered 1429 BUSY.
	InFlight int `mapstructure:"in_flight"`
	// InFlightBytes bounds the sum of their frames in bytes; a frame beyond is answered 1429 BUSY.
	InFlightBytes int64 `mapstructure:"in_flight_bytes"`
	// Deadline is how long an action may take from its arrival to its answer.
	Deadline time.Duration `mapstructure:"deadline"`
	// Policy says what the endpoint may do.
	Policy Policy `mapstructure:"policy"`
	// RateLimit spaces out what the endpoint sends.
	RateLimit RateLimit `mapstructure:"rate_limit"`
}

// DefaultSessionConfig permits everything within the default bounds, at any rate.
func DefaultSessionConfig() SessionConfig {
	return SessionConfig{
		InFlight: DefaultInFlight, InFlightBytes: DefaultInFlightBytes, Deadline: DefaultDeadline, RateLimit: RateLimit{Burst: 1},
	}
}

// Validate returns nil, or an error that names the first wrong key, relative to the configuration:
// `policy.groups[0]: 0 is not a group number`.
func (c SessionConfig) Validate() error {
	switch {
	case c.InFlight <= 0:
		return fmt.Errorf("in_flight: %d is not positive", c.InFlight)
	case c.InFlightBytes <= 0:
		return fmt.Errorf("in_flight_bytes: %d is not positive", c.InFlightBytes)
	case c.Deadline < time.Millisecond:
		// A bare number is nanoseconds, which nobody means.
		return fmt.Errorf("deadline: %v is too short; durations have a unit, such as 500ms or 5s", c.Deadline)
	}
	if err := c.Policy.Validate(); err != nil {
		return fmt.Errorf("policy.%w", err)
	}
	if err := c.RateLimit.Validate(); err != nil {
		return fmt.Errorf("rate_limit.%w", err)
	}
	return nil
}
