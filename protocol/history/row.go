package history

import (
	"fmt"

	"echogate/protocol"
)

// row is one message as it is stored.
type row struct {
	id      int32
	ref     protocol.Ref
	sender  protocol.Sender
	self    bool
	standIn bool   // known from a quote or a recall only
	body    string // segments in array form
	quote   string // a storedQuote, "" when the message quotes nothing
}

func newRow(id int32, m *protocol.Message, standIn bool) row {
	body, quote := encodeBody(m.Body)
	return row{id: id, ref: m.Ref, sender: m.Sender, self: m.Self, standIn: standIn, body: body, quote: quote}
}

func (r row) candidate() candidate {
	return candidate{id: r.id, sender: r.ref.Sender, random: r.ref.Random, time: r.ref.Time, standIn: r.standIn}
}

// isOf tells whether the row is what is stored of the message that ref names.
func (r row) isOf(ref protocol.Ref) bool {
	_, fits := match(ref, []candidate{r.candidate()})
	return fits && r.ref.Chat == ref.Chat && r.ref.Seq == ref.Seq
}

func (r row) message() (protocol.Message, error) {
	body, err := decodeBody(r.body, r.quote)
	if err != nil {
		return protocol.Message{}, fmt.Errorf("read message %d: %w", r.id, err)
	}
	return protocol.Message{Ref: r.ref, Sender: r.sender, Body: body, Self: r.self}, nil
}

// size is about how much memory the row takes.
func (r row) size() int {
	const fixed = 256
	return fixed + len(r.body) + len(r.quote) + len(r.sender.Nickname) + len(r.sender.Card) + len(r.sender.Title)
}
