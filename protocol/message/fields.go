package message

import (
	"fmt"
	"strconv"
)

func (t Text) fields() []Field { return []Field{{"text", t.Text}} }

func (a At) fields() []Field {
	if a.All {
		return []Field{{"qq", "all"}}
	}
	return []Field{{"qq", strconv.FormatInt(a.UserID, 10)}}
}

func (f Face) fields() []Field { return []Field{{"id", strconv.Itoa(f.ID)}} }

func (r Reply) fields() []Field { return []Field{{"id", strconv.FormatInt(int64(r.ID), 10)}} }

func (u Unknown) fields() []Field { return u.Data }

// SegmentError says which segment of a message cannot be what it claims to be.
type SegmentError struct {
	Kind   string // segment type
	Key    string // offending data member
	Value  string // its value; "" when it is missing
	Reason string
}

func (e *SegmentError) Error() string {
	return fmt.Sprintf("segment %q: %s=%q %s", e.Kind, e.Key, e.Value, e.Reason)
}

// Decode gives a segment its type. A kind that is not modelled becomes [Unknown] without an error; a modelled kind
// with impossible data is a [*SegmentError] (errors.As). Where a key is doubled the first one counts, as in go-cqhttp.
func Decode(kind string, data []Field) (Segment, error) {
	switch kind {
	case "text":
		text, ok := lookup(data, "text")
		if !ok {
			return nil, &SegmentError{Kind: kind, Key: "text", Reason: "is missing"}
		}
		return Text{Text: text}, nil
	case "at":
		return decodeAt(data)
	case "face":
		id, err := number(kind, data, 31, "id")
		if err != nil {
			return nil, err
		}
		return Face{ID: int(id)}, nil
	case "reply":
		// Ids are signed 32-bit in OneBot implementations; negative ones are answered "not found" later, not here.
		id, err := number(kind, data, 32, "id")
		if err != nil {
			return nil, err
		}
		return Reply{ID: int32(id)}, nil
	default:
		return Unknown{Kind: kind, Data: data}, nil
	}
}

// decodeAt accepts go-cqhttp's alias "target" for "qq". Zero and the empty string are refused: in go-cqhttp they
// turned into a mention of everybody.
func decodeAt(data []Field) (Segment, error) {
	qq, ok := lookup(data, "qq")
	if !ok {
		qq, _ = lookup(data, "target")
	}
	if qq == "all" {
		return At{All: true}, nil
	}
	id, err := strconv.ParseInt(qq, 10, 64)
	if err != nil || id <= 0 {
		return nil, &SegmentError{Kind: "at", Key: "qq", Value: qq, Reason: `is neither a QQ number nor "all"`}
	}
	name, _ := lookup(data, "name")
	return At{UserID: id, Name: name}, nil
}

func number(kind string, data []Field, bits int, key string) (int64, error) {
	v, ok := lookup(data, key)
	if !ok {
		return 0, &SegmentError{Kind: kind, Key: key, Reason: "is missing"}
	}
	n, err := strconv.ParseInt(v, 10, bits)
	if err != nil {
		return 0, &SegmentError{Kind: kind, Key: key, Value: v, Reason: "is not a number in range"}
	}
	return n, nil
}

func lookup(data []Field, key string) (string, bool) {
	for _, f := range data {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}
