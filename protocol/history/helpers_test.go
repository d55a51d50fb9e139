package history

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// logBuffer collects log lines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count tells how many lines contain text.
func (l *logBuffer) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(text))
}

func (l *logBuffer) logger() zerolog.Logger { return zerolog.New(l) }

// open opens a store at path, changes it with prepare and runs it. stop ends Run; it may be called more than once.
func open(tb testing.TB, path string, log zerolog.Logger, prepare ...func(*Store)) (s *Store, stop func()) {
	tb.Helper()
	s, err := Open(tb.Context(), path, log)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range prepare {
		p(s)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	tb.Cleanup(stop)
	return s, stop
}

// onCall makes a store try to write again when the test calls retry, and only then. retry returns when that is over.
func onCall(t *testing.T) (prepare func(*Store), retry func()) {
	t.Helper()
	pauses := make(chan chan time.Time, 1)
	var s *Store
	prepare = func(opened *Store) {
		s = opened
		s.pause = func() <-chan time.Time {
			end := make(chan time.Time)
			pauses <- end
			return end
		}
	}
	return prepare, func() {
		t.Helper()
		nothing := &request{done: make(chan struct{})} // served after the attempt
		select {
		case end := <-pauses:
			end <- time.Time{}
			s.requests <- nothing
			<-nothing.done
		case <-time.After(10 * time.Second):
			t.Fatal("the writer does not wait to try again")
		}
	}
}

// hide puts a folder in the place of a closed database, so that even root cannot open it. reveal puts the database, if
// there was one, back.
func hide(t *testing.T, path string) (reveal func()) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	must(os.Rename(path, path+".hidden"))
	must(os.Mkdir(path, 0o700))
	return func() {
		t.Helper()
		must(os.Remove(path))
		must(os.Rename(path+".hidden", path))
	}
}

func openNew(tb testing.TB) *Store {
	tb.Helper()
	s, _ := open(tb, filepath.Join(tb.TempDir(), "history.db"), zerolog.Nop())
	return s
}

// said makes an ordinary group message.
func said(seq uint32, text string) protocol.Message {
	return protocol.Message{
		Ref:    protocol.Ref{Chat: protocol.GroupChat(100), Sender: 10001, Seq: seq, Random: seq * 7919, Time: 1_700_000_000 + int64(seq)},
		Sender: protocol.Sender{UserID: 10001, Nickname: "Alice", Card: "the first", Role: protocol.RoleAdmin, Title: "Captain", Level: 7},
		Body:   message.Message{message.Text{Text: text}},
	}
}

func recordOne(tb testing.TB, s *Store, m protocol.Message) int32 {
	tb.Helper()
	ids, err := s.Record(tb.Context(), []protocol.Message{m})
	if err != nil {
		tb.Fatal(err)
	}
	return ids[0]
}

func requireMessage(tb testing.TB, s *Store, id int32, want protocol.Message) {
	tb.Helper()
	got, err := s.Get(tb.Context(), id)
	if err != nil {
		tb.Fatalf("Get(%d): %v", id, err)
	}
	if !reflect.DeepEqual(got, want) {
		tb.Fatalf("Get(%d)\n got %+v\nwant %+v", id, got, want)
	}
}
