package history

import (
	"errors"
	"fmt"

	"github.com/goccy/go-json"

	"echogate/protocol/message"
)

// storedQuote is the form of a reply's quote in the database. The segment itself holds only the id.
type storedQuote struct {
	Seq    uint32          `json:"seq"`
	Sender int64           `json:"sender"`
	Time   int64           `json:"time"`
	Body   json.RawMessage `json:"body"`
}

// encodeBody writes segments in OneBot's array form, and the quote of the first reply apart; quote is "" when there is
// none. At.Name, a hint for sending only, is not kept.
func encodeBody(m message.Message) (body, quote string) {
	body = string(m.AppendJSON(nil))
	r, ok := m.Reply()
	if !ok {
		return body, ""
	}
	q := storedQuote{Seq: r.Quote.Seq, Sender: r.Quote.Sender, Time: r.Quote.Time, Body: withoutReplies(r.Quote.Body).AppendJSON(nil)}
	encoded, err := json.MarshalWithOption(q, json.DisableHTMLEscape())
	if err != nil {
		// Three numbers and a message's own JSON always have a JSON form.
		panic(fmt.Sprintf("encode quote: %v", err))
	}
	return body, string(encoded)
}

// decodeBody reads what encodeBody wrote.
func decodeBody(body, quote string) (message.Message, error) {
	m, err := decodeSegments([]byte(body))
	if err != nil || len(quote) == 0 {
		return m, err
	}
	var q storedQuote
	if err := json.Unmarshal([]byte(quote), &q); err != nil {
		return nil, fmt.Errorf("read quote: %w", err)
	}
	quoted, err := decodeSegments(q.Body)
	if err != nil {
		return nil, fmt.Errorf("read quote: %w", err)
	}
	for i, s := range m {
		if r, ok := s.(message.Reply); ok {
			r.Quote = message.Quote{Seq: q.Seq, Sender: q.Sender, Time: q.Time, Body: quoted}
			m[i] = r
			break
		}
	}
	return m, nil
}

// decodeSegments reads an array of segments. Unlike [message.Parse] it does not refuse a segment whose data is
// impossible for its type: rows outlive the rules of the version that wrote them, and such a segment reads as unknown.
func decodeSegments(raw []byte) (message.Message, error) {
	m, err := message.Parse(raw, false)
	if _, impossible := errors.AsType[*message.SegmentError](err); !impossible {
		return m, err
	}
	var items []struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	m = make(message.Message, 0, len(items))
	for _, item := range items {
		fields, err := decodeFields(item.Data)
		if err != nil {
			return nil, fmt.Errorf("read segment %q: %w", item.Type, err)
		}
		segment, err := message.Decode(item.Type, fields)
		if err != nil {
			segment = message.Unknown{Kind: item.Type, Data: fields}
		}
		m = append(m, segment)
	}
	return m, nil
}

// decodeFields reads a data object in written order, by way of a segment type that nobody models.
func decodeFields(data json.RawMessage) ([]message.Field, error) {
	if len(data) == 0 {
		return nil, nil
	}
	object := append([]byte(`{"type":"stored","data":`), data...)
	m, err := message.Parse(append(object, '}'), false)
	if err != nil {
		return nil, err
	}
	unknown, ok := m[0].(message.Unknown)
	if !ok {
		return nil, fmt.Errorf("data is read as %T", m[0])
	}
	return unknown.Data, nil
}
