package message

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-json"
)

// MarshalJSON writes the array form, [{"type":"text","data":{"text":"hi"}}]: members in fixed order, all values
// strings. An empty message is [].
func (m Message) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// AppendJSON appends the array form to b. HTML characters stay as they are; bytes that are not UTF-8 become U+FFFD.
func (m Message) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, s := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":`...)
		b = appendString(b, s.Type())
		b = append(b, `,"data":{`...)
		for j, f := range s.fields() {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f.Key)
			b = append(b, ':')
			b = appendString(b, f.Value)
		}
		b = append(b, "}}"...)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	quoted, err := json.MarshalWithOption(strings.ToValidUTF8(s, "\uFFFD"), json.DisableHTMLEscape())
	if err != nil {
		// A valid UTF-8 string always has a JSON form.
		panic(fmt.Sprintf("quote string: %v", err))
	}
	return append(b, quoted...)
}

// UnmarshalJSON reads what [Parse] reads, with CQ strings decoded.
func (m *Message) UnmarshalJSON(b []byte) error {
	parsed, err := Parse(b, false)
	*m = parsed
	return err
}

// Parse reads a message in any form that OneBot clients send: an array of segments, one segment object, or a CQ string
// (also a number or boolean, which is read as its text). With plain set a string is text, not CQ (OneBot's
// auto_escape); arrays ignore it. null is an empty message. Data values that are not strings are kept as their JSON
// text, null members count as absent (NoneBot sends them for unset options).
func Parse(raw []byte, plain bool) (Message, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, nil
	}
	switch raw[0] {
	case '[':
		return parseArray(raw)
	case '{':
		segment, err := parseSegment(raw)
		if err != nil {
			return nil, err
		}
		return Message{segment}, nil
	case 'n':
		return nil, checkNull(raw)
	}
	text, err := scalarText(raw)
	if err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	if plain {
		if text == "" {
			return nil, nil
		}
		return Message{Text{Text: text}}, nil
	}
	return ParseCQ(text)
}

func checkNull(raw []byte) error {
	if string(raw) != "null" {
		return errors.New("read message: not JSON")
	}
	return nil
}

func parseArray(raw []byte) (Message, error) {
	var items []stdjson.RawMessage
	if err := stdjson.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("read message array: %w", err)
	}
	m := make(Message, 0, len(items))
	for i, item := range items {
		segment, err := parseSegment(item)
		if err != nil {
			return nil, fmt.Errorf("segment %d: %w", i, err)
		}
		m = append(m, segment)
	}
	return m, nil
}

// parseSegment reads one {"type", "data"} object. Members beside these two are ignored.
func parseSegment(raw []byte) (Segment, error) {
	var object struct {
		Type *string            `json:"type"`
		Data stdjson.RawMessage `json:"data"`
	}
	if err := stdjson.Unmarshal(raw, &object); err != nil || object.Type == nil || *object.Type == "" {
		return nil, &SegmentError{Key: "type", Reason: "is not a non-empty string in an object"}
	}
	data, err := orderedFields(object.Data)
	if err != nil {
		return nil, &SegmentError{Kind: *object.Type, Key: "data", Reason: "is not an object"}
	}
	return Decode(*object.Type, data)
}

// orderedFields reads a JSON object as fields in written order; a later double of a key is left out. The standard
// library reads the tokens, because the order of members is lost in a map.
func orderedFields(raw []byte) ([]Field, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	d := stdjson.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != stdjson.Delim('{') {
		return nil, errors.New("not an object")
	}
	var fields []Field
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value stdjson.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		name := key.(string) // in an object every other token is
		if string(value) == "null" || seen[name] {
			continue
		}
		seen[name] = true
		text, err := scalarText(value)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{Key: name, Value: text})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing data")
	}
	return fields, nil
}

// scalarText is a JSON value as text: a string's content, anything else as it is written.
func scalarText(raw []byte) (string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		err := stdjson.Unmarshal(raw, &s)
		return s, err
	}
	if !stdjson.Valid(raw) {
		return "", errors.New("not JSON")
	}
	return string(raw), nil
}
