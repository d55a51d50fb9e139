package history

import (
	"context"
	"fmt"
	"slices"

	"echogate/protocol"
	"echogate/protocol/message"
)

const (
	// reuseAfter is how far apart in seconds two private messages may be said to be the same one by seq and sender alone.
	// The seq of a private chat is a client's own counter, which starts anew with every login of that client.
	reuseAfter = 24 * 60 * 60
	// nearby is how far apart in seconds two times may be that are said of one message. Groups, whose seqs are the
	// server's, prefer what is near: another server, such as a sandbox, counts anew.
	nearby = 60
)

// candidate is a stored message with the chat and seq that were looked for.
type candidate struct {
	id      int32
	sender  protocol.UserID
	random  uint32
	time    int64
	standIn bool
}

// match picks the candidate which ref names. Where both sides know it, Random decides together with the time, which is
// exact then; otherwise the newest fitting candidate is taken, and one near in time before others. A sender that one side
// does not know, as in some quotes, fits any.
func match(ref protocol.Ref, candidates []candidate) (candidate, bool) {
	var best candidate
	bestNear := false
	for _, c := range candidates {
		if ref.Sender != 0 && c.sender != 0 && c.sender != ref.Sender {
			continue
		}
		apart := int64(0)
		if ref.Time != 0 && c.time != 0 {
			apart = max(ref.Time-c.time, c.time-ref.Time)
		}
		if ref.Random != 0 && c.random != 0 {
			if c.random == ref.Random && apart == 0 {
				return c, true
			}
			continue
		}
		if ref.Chat.Kind != protocol.Group && apart > reuseAfter {
			continue
		}
		if near := apart <= nearby; near && !bestNear || near == bestNear && c.id > best.id {
			best, bestNear = c, near
		}
	}
	return best, best.id != 0
}

// rows is where the writer keeps messages: the database within a transaction, or the overlay while that cannot be
// written.
type rows interface {
	// lookup returns what is stored with the ref's chat and seq.
	lookup(ctx context.Context, ref protocol.Ref) ([]candidate, error)
	// put stores the row, over the one that has its id already.
	put(ctx context.Context, r row) error
}

// placer files messages into rows.
type placer struct {
	rows rows
	ids  *allocator
}

// place finds or gives the id of a message and stores what is new about it.
func (p placer) place(ctx context.Context, m *protocol.Message, standIn bool) (int32, error) {
	if err := p.completeReplies(ctx, m); err != nil {
		return 0, err
	}
	found, err := p.rows.lookup(ctx, m.Ref)
	if err != nil {
		return 0, err
	}
	known, ok := match(m.Ref, found)
	if ok && (standIn || !known.standIn) {
		return known.id, nil
	}
	id := known.id
	if !ok {
		if id, err = p.ids.next(); err != nil {
			return 0, err
		}
	}
	return id, p.rows.put(ctx, newRow(id, m, standIn))
}

// completeReplies gives the reply segments of m the id of what they quote.
func (p placer) completeReplies(ctx context.Context, m *protocol.Message) error {
	copied := false
	for i, s := range m.Body {
		r, ok := s.(message.Reply)
		if !ok || r.ID != 0 || r.Quote.Seq == 0 {
			continue
		}
		quoted := protocol.Message{
			Ref: protocol.Ref{
				Chat: m.Ref.Chat, Sender: protocol.UserID(r.Quote.Sender), Seq: r.Quote.Seq, Time: r.Quote.Time,
			},
			Sender: protocol.Sender{UserID: protocol.UserID(r.Quote.Sender)},
			Body:   withoutReplies(r.Quote.Body),
		}
		id, err := p.place(ctx, &quoted, true)
		if err != nil {
			return fmt.Errorf("look up quoted message: %w", err)
		}
		if !copied {
			m.Body = slices.Clone(m.Body)
			copied = true
		}
		r.ID = id
		m.Body[i] = r
	}
	return nil
}

// withoutReplies leaves the quote of a quote out: nobody shows it, and nothing is known of it.
func withoutReplies(m message.Message) message.Message {
	return slices.DeleteFunc(slices.Clone(m), func(s message.Segment) bool {
		_, reply := s.(message.Reply)
		return reply
	})
}
