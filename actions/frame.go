package actions

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-json"
)

// request is an action frame in its parts, which are slices of the frame.
type request struct {
	action string
	params []byte // a JSON object or nil
	echo   []byte // as it was written; nil when there is none
}

// frameError says why a frame is not an action frame.
type frameError struct{ reason string }

func (e *frameError) Error() string { return "not an action frame: " + e.reason }

// parseFrame takes a frame apart. On an error, a [*frameError], the request still holds the echo if one can be read.
func parseFrame(frame []byte) (request, error) {
	frame = bytes.TrimSpace(frame)
	switch {
	case len(frame) == 0 || frame[0] != '{':
		return request{}, &frameError{reason: "it is not a JSON object"}
	case !utf8.Valid(frame):
		return request{echo: salvageEcho(frame)}, &frameError{reason: "it is not UTF-8"}
	case !json.Valid(outline(frame, longString)):
		return request{echo: salvageEcho(frame)}, &frameError{reason: "it is not valid JSON, or is nested too deeply"}
	}
	var r request
	var action []byte
	var double string
	for key, value := range members(frame) {
		var part *[]byte
		switch key {
		case "action":
			part = &action
		case "params":
			part = &r.params
		case "echo":
			part = &r.echo
		default:
			continue
		}
		if *part != nil {
			double = key
			continue
		}
		*part = value
	}
	switch {
	case double != "":
		return r, &frameError{reason: fmt.Sprintf("%q is given twice", double)}
	case len(action) == 0 || action[0] != '"':
		return r, &frameError{reason: `"action" is not a string`}
	}
	if err := json.Unmarshal(action, &r.action); err != nil {
		return r, &frameError{reason: `"action" is not a string`}
	}
	if string(r.params) == "null" {
		r.params = nil
	}
	if r.params != nil && r.params[0] != '{' {
		return r, &frameError{reason: `"params" is not an object`}
	}
	return r, nil
}

// longString is from how many bytes on a string is left out of what is checked: no id or text is as long.
const longString = 64 << 10

// outline is the frame with its long strings emptied where that does not change whether it is JSON. The validator copies
// what it is given, and a picture is many megabytes. A frame without such strings is returned as it is.
func outline(frame []byte, long int) []byte {
	if len(frame) < long {
		return frame
	}
	var short []byte
	from := 0 // of what is not in short yet
	for i := bytes.IndexByte(frame, '"'); i >= 0; {
		n := stringEnd(frame[i:])
		if n == 0 {
			break // never closed, which the validator finds
		}
		if n >= long && isPlain(frame[i+1:i+n-1]) {
			short = append(short, frame[from:i+1]...)
			from = i + n - 1 // its closing quote
		}
		next := bytes.IndexByte(frame[i+n:], '"')
		if next < 0 {
			break
		}
		i += n + next
	}
	if from == 0 {
		return frame
	}
	return append(short, frame[from:]...)
}

// isPlain tells whether the inside of a string has nothing in it that could be wrong: no escapes, no control characters.
func isPlain(inside []byte) bool {
	if bytes.IndexByte(inside, '\\') >= 0 {
		return false
	}
	// Eight bytes at a time: subtracting a space borrows from the top bit of a byte that is less and has that bit clear.
	const spaces, topBits = 0x2020202020202020, 0x8080808080808080
	for ; len(inside) >= 8; inside = inside[8:] {
		if x := binary.LittleEndian.Uint64(inside); (x-spaces)&^x&topBits != 0 {
			return false
		}
	}
	return !slices.ContainsFunc(inside, func(c byte) bool { return c < ' ' })
}

// salvageEcho reads the echo of a frame that is not JSON as a whole, so that the asker still learns of its mistake. It
// returns nil unless the echo itself can go into an answer.
func salvageEcho(frame []byte) []byte {
	for key, value := range members(frame) {
		if key == "echo" && utf8.Valid(value) && json.Valid(value) {
			return value
		}
	}
	return nil
}

// members walks over the members of a JSON object without copying values. The object should be known to be valid; in
// one that is not, the walk ends early or yields values that are not JSON, and nothing worse.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		rest := object
		for more := true; more; {
			// Past '{' or ','.
			rest = bytes.TrimLeft(rest[1:], space)
			end := valueEnd(rest)
			if end < 2 || rest[0] != '"' {
				return
			}
			var key string
			if json.Unmarshal(rest[:end], &key) != nil {
				return
			}
			rest = bytes.TrimLeft(rest[end:], space)
			if len(rest) == 0 || rest[0] != ':' {
				return
			}
			rest = bytes.TrimLeft(rest[1:], space)
			if end = valueEnd(rest); end == 0 || !yield(key, rest[:end:end]) {
				return
			}
			rest = bytes.TrimLeft(rest[end:], space)
			more = len(rest) > 0 && rest[0] == ','
		}
	}
}

// space is what JSON allows between tokens.
const space = " \t\r\n"

// valueEnd is the length of the JSON value at the start of b, 0 when it does not end.
func valueEnd(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return stringEnd(b)
	case '{', '[':
		return nestedEnd(b)
	default:
		if end := bytes.IndexAny(b, ",:]}"+space); end >= 0 {
			return end
		}
		return len(b)
	}
}

func nestedEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// stringEnd jumps from quote to quote, because a string may be a picture of many megabytes.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			return 0
		}
		i += quote
		escapes := 0
		for b[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}
