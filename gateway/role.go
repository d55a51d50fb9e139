package gateway

// Role is what a connection is for.
type Role string

// The roles of OneBot 11's reverse WebSocket: events and actions on one connection, or one connection for each.
const (
	RoleUniversal Role = "universal"
	RoleAPI       Role = "api"
	RoleEvent     Role = "event"
)

// header returns the value of X-Client-Role. Koishi compares it with "Universal" letter by letter.
func (r Role) header() string {
	switch r {
	case RoleAPI:
		return "API"
	case RoleEvent:
		return "Event"
	default:
		return "Universal"
	}
}

// takesEvents reports whether events, the lifecycle event and heartbeats go out on the connection.
func (r Role) takesEvents() bool { return r != RoleAPI }

// takesActions reports whether action frames are accepted from the connection.
func (r Role) takesActions() bool { return r != RoleEvent }

// Format is the encoding of messages in the events of an endpoint.
type Format int

// The formats of OneBot 11's message field.
const (
	FormatArray  Format = iota // an array of segments; what today's frameworks expect
	FormatString               // a string with CQ codes; for older ones
)

// The names of the formats in a configuration.
const (
	formatArray  = "array"
	formatString = "string"
)

// format returns the Format that a valid configuration names.
func (c Config) format() Format {
	if c.Format == formatString {
		return FormatString
	}
	return FormatArray
}

// Event is one event, encoded once for each format and shared by all endpoints. Its bytes must not be changed after
// Publish. An endpoint whose format has no bytes does not get the event.
type Event struct{ Array, String []byte }

// encoded returns the event's bytes in format f.
func (e Event) encoded(f Format) []byte {
	if f == FormatString {
		return e.String
	}
	return e.Array
}
