package events

import (
	"fmt"
	"strings"

	"github.com/goccy/go-json"
)

// Encoded is one event as it goes over the wire, in both formats of messages: as an array of segments and as a CQ string.
// Events without a message have the same bytes in both. The bytes are shared and must not be changed.
type Encoded struct{ Array, String []byte }

// same is the encoding of an event that holds no message.
func same(event any) Encoded {
	b := encode(event)
	return Encoded{Array: b, String: b}
}

// encode writes v, a struct of numbers, booleans and strings.
func encode(v any) []byte {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		// Such structs always have a JSON form.
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}

// valid makes s fit for JSON: bytes that are not UTF-8 become U+FFFD.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
