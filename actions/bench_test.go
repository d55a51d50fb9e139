package actions

import (
	"context"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

func BenchmarkAcceptAndCall(b *testing.B) {
	frame := []byte(`{"action":"can_send_image","params":{},"echo":"12"}`)
	s := newWorld().session(b)
	for b.Loop() {
		s.Accept(frame)(b.Context())
	}
}

func BenchmarkSendGroupMsg(b *testing.B) {
	w := newWorld()
	w.driver.send = func(_ context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
		return protocol.Message{Ref: protocol.Ref{Chat: to, Sender: 10001, Seq: 1}, Body: body, Self: true}, nil
	}
	s := w.session(b)
	frame := say(30003, "hello")
	for b.Loop() {
		s.Accept(frame)(b.Context())
	}
}

// BenchmarkLargeFrame is a picture of 64 MiB, which is one frame for the frameworks.
func BenchmarkLargeFrame(b *testing.B) {
	frame := []byte(`{"action":"send_group_msg","params":{"group_id":30003,"message":[{"type":"image","data":{"file":"base64://` +
		strings.Repeat("QUJD", 16<<20) + `"}}]},"echo":1}`)
	s := newWorld().session(b)
	b.SetBytes(int64(len(frame)))
	closed, cancel := context.WithCancel(b.Context())
	cancel() // what is measured is the reader's share
	for b.Loop() {
		s.Accept(frame)(closed)
	}
}
