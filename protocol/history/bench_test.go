package history

import (
	"fmt"
	"testing"

	"echogate/protocol"
)

// BenchmarkRecord reports messages per second in batches of the size that the event pipeline uses.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := openNew(b)
			seq := uint32(0)
			for b.Loop() {
				batch := make([]protocol.Message, size)
				for i := range batch {
					seq++
					batch[i] = said(seq, "a message of ordinary length, as people write them")
					batch[i].Ref.Chat.ID = int64(100 + seq%10)
				}
				if _, err := s.Record(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
