package events

import (
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

func BenchmarkMessage(b *testing.B) {
	m := groupSaid()
	b.ReportAllocs()
	for b.Loop() {
		Message(m, 42, self)
	}
}

// BenchmarkPipeline is the whole way of a burst: history, both formats, publish. It reports messages per second.
func BenchmarkPipeline(b *testing.B) {
	const burst = 50_000
	store := newHistory(b)
	seq := uint32(0)
	for b.Loop() {
		stream := make(source, 1024)
		go func() {
			defer close(stream)
			for range burst {
				seq++
				m := groupSaid()
				m.Ref.Chat, m.Ref.Seq, m.Ref.Random = protocol.GroupChat(protocol.GroupID(100+seq%10)), seq, seq
				m.Body = message.Message{message.Text{Text: "a message of ordinary length, as people write them"}, message.Face{ID: 14}}
				stream <- protocol.Received{Message: m}
			}
		}()
		published := 0
		p := NewPipeline(Options{Source: stream, History: store, Publish: func(batch []Encoded) { published += len(batch) }})
		if err := p.Run(b.Context()); err != nil || published != burst {
			b.Fatalf("%d published, %v", published, err)
		}
	}
	b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "messages/s")
}
