package history

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// BenchmarkRecord reports messages per second in batches of the size that the event pipeline uses.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, err := Open(b.Context(), filepath.Join(b.TempDir(), "history.db"), zerolog.Nop())
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			seq := uint32(0)
			for b.Loop() {
				batch := make([]protocol.Message, size)
				for i := range batch {
					seq++
					batch[i] = protocol.Message{
						Ref:    protocol.Ref{Chat: protocol.GroupChat(protocol.GroupID(100 + seq%10)), Sender: 10001, Seq: seq, Random: seq * 7919, Time: 1_700_000_000},
						Sender: protocol.Sender{UserID: 10001, Nickname: "Alice", Card: "the first", Role: protocol.RoleAdmin, Level: 3},
						Body:   message.Message{message.Text{Text: "a message of ordinary length, number "}, message.Face{ID: 14}},
					}
				}
				if _, err := s.Record(ctx, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "messages/s")
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		})
	}
}
