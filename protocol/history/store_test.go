package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

func TestMessagesComeBackWhole(t *testing.T) {
	private := protocol.Message{
		Ref:    protocol.Ref{Chat: protocol.PrivateChat(10002), Sender: 10002, Seq: 9, Random: 4_294_967_295, Time: 1_700_000_001},
		Sender: protocol.Sender{UserID: 10002, Nickname: "Bob'\"\x00;--"},
		Body:   message.Message{message.At{All: true}, message.Face{ID: 14}, message.Unknown{Kind: "dice", Data: []message.Field{{Key: "value", Value: "3"}}}},
	}
	own := private
	own.Ref.Sender, own.Sender.UserID, own.Self = 10000, 10000, true
	temp := private
	temp.Ref.Chat = protocol.Chat{Kind: protocol.Temp, ID: 10002, Via: 100}
	empty := said(4_000_000_000, "")
	empty.Body = message.Message{}

	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	msgs := []protocol.Message{said(1, "hello <你好>"), private, own, temp, empty}
	ids, err := s.Record(t.Context(), msgs)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, []int32{1, 2, 3, 4, 5}) {
		t.Fatalf("ids = %v", ids)
	}
	again := func(s *Store) {
		for i, m := range msgs {
			requireMessage(t, s, ids[i], m)
		}
	}
	again(s)
	stop()
	s, _ = open(t, path, zerolog.Nop())
	again(s)
	if id := recordOne(t, s, msgs[2]); id != ids[2] {
		t.Errorf("a known message got id %d, had %d", id, ids[2])
	}
	if id := recordOne(t, s, said(2, "next")); id != 6 {
		t.Errorf("after a restart the next id is %d", id)
	}
}

func TestUnknownIsNotFound(t *testing.T) {
	s := openNew(t)
	for _, id := range []int32{0, -1, 1, 2_147_483_647} {
		_, err := s.Get(t.Context(), id)
		missing, ok := errors.AsType[*protocol.NotFoundError](err)
		if !ok || missing.Kind != protocol.KindMessage || missing.ID != int64(id) {
			t.Errorf("Get(%d): %v", id, err)
		}
	}
}

func TestEndedContextAndClosedStore(t *testing.T) {
	s, stop := open(t, filepath.Join(t.TempDir(), "history.db"), zerolog.Nop())
	id := recordOne(t, s, said(1, "x"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ended, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Get with an ended context: %v", err)
	}
	if _, err := s.LastSeq(ended, said(1, "").Ref.Chat); !errors.Is(err, context.Canceled) {
		t.Errorf("LastSeq with an ended context: %v", err)
	}
	stop()
	if _, err := s.Get(t.Context(), id); !errors.Is(err, ErrClosed) {
		t.Errorf("Get after Run: %v", err)
	}
	if _, err := s.LastSeq(t.Context(), said(1, "").Ref.Chat); !errors.Is(err, ErrClosed) {
		t.Errorf("LastSeq after Run: %v", err)
	}
	if _, err := s.Record(t.Context(), []protocol.Message{said(2, "y")}); !errors.Is(err, ErrClosed) {
		t.Errorf("Record after Run: %v", err)
	}
	if _, err := s.Resolve(t.Context(), []protocol.Ref{{Seq: 3}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Resolve after Run: %v", err)
	}
}

func TestRecordWaitsForTheWriterNoLongerThanAsked(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range queueLength + 10 {
		if _, err := s.Record(ctx, []protocol.Message{said(1, "x")}); !errors.Is(err, context.Canceled) {
			t.Fatalf("Record: %v", err)
		}
	}
	// What was handed over is stored even so, when Run ends at once.
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	s, _ = open(t, s.path, zerolog.Nop())
	requireMessage(t, s, 1, said(1, "x"))
}

// TestReadersAtTheEnd: a reader whose database is closed before it comes to it is told so.
func TestReadersAtTheEnd(t *testing.T) {
	s, stop := open(t, filepath.Join(t.TempDir(), "history.db"), zerolog.Nop())
	id := recordOne(t, s, said(1, "x"))
	chat := said(1, "").Ref.Chat
	s.overlay.mu.Lock() // which readers look at before the database
	begun, answers := make(chan struct{}), make(chan error)
	for _, read := range []func() error{
		func() error { _, err := s.Get(t.Context(), id); return err },
		func() error { _, err := s.LastSeq(t.Context(), chat); return err },
	} {
		go func() {
			close(begun)
			answers <- read()
		}()
		<-begun
		begun = make(chan struct{})
	}
	stop()
	s.overlay.mu.Unlock()
	for range 2 {
		if err := <-answers; !errors.Is(err, ErrClosed) {
			t.Errorf("read: %v", err)
		}
	}
}

func TestLastSeq(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	elsewhere, private := said(50, "in another group"), said(60, "not in a group")
	elsewhere.Ref.Chat.ID, private.Ref.Chat.Kind = 101, protocol.Private
	msgs := []protocol.Message{said(4_000_000_000, "newest"), said(7, "older, told later"), elsewhere, private}
	if _, err := s.Record(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), []protocol.Ref{said(4_000_000_001, "recalled unseen").Ref}); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		for chat, want := range map[protocol.Chat]uint32{
			protocol.GroupChat(100): 4_000_000_000, protocol.GroupChat(101): 50, protocol.PrivateChat(100): 60, protocol.GroupChat(60): 0,
		} {
			if got, err := s.LastSeq(t.Context(), chat); got != want || err != nil {
				t.Errorf("LastSeq(%v) = %d, %v; want %d", chat, got, err, want)
			}
		}
	}
	check()
	stop()
	s, _ = open(t, path, zerolog.Nop())
	check()
}

func TestNothingToRecord(t *testing.T) {
	s := openNew(t)
	if ids, err := s.Record(t.Context(), nil); len(ids) != 0 || err != nil {
		t.Errorf("Record(nil) = %v, %v", ids, err)
	}
	if ids, err := s.Resolve(t.Context(), nil); len(ids) != 0 || err != nil {
		t.Errorf("Resolve(nil) = %v, %v", ids, err)
	}
}

// TestConcurrentUse has writers, some of whom tell the same messages, and readers at the same time.
func TestConcurrentUse(t *testing.T) {
	const writers, batches, size = 8, 20, 10
	s := openNew(t)
	var mu sync.Mutex
	owner := map[int32]uint32{} // seq by id
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for b := range batches {
				msgs := make([]protocol.Message, size)
				for i := range msgs {
					// Two writers each say the same.
					seq := uint32((w/2*batches+b)*size + i + 1)
					msgs[i] = said(seq, fmt.Sprint("message ", seq))
				}
				ids, err := s.Record(t.Context(), msgs)
				if err != nil {
					t.Errorf("Record: %v", err)
					return
				}
				for i, id := range ids {
					mu.Lock()
					if before, taken := owner[id]; taken && before != msgs[i].Ref.Seq {
						t.Errorf("id %d was given to seq %d and %d", id, before, msgs[i].Ref.Seq)
					}
					owner[id] = msgs[i].Ref.Seq
					mu.Unlock()
					got, err := s.Get(t.Context(), id)
					if err != nil || got.Ref != msgs[i].Ref {
						t.Errorf("Get(%d) = %+v, %v", id, got.Ref, err)
					}
				}
			}
		})
	}
	group.Wait()
	if len(owner) != writers/2*batches*size {
		t.Errorf("%d ids for %d messages", len(owner), writers/2*batches*size)
	}
}

func TestFolderNamesWithURICharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd?mode=memory#%20 &名.db")
	s, stop := open(t, path, zerolog.Nop())
	id := recordOne(t, s, said(1, "x"))
	stop()
	s, _ = open(t, path, zerolog.Nop())
	requireMessage(t, s, id, said(1, "x"))
}

// TestOnlyTheOwnerReads holds that other users of the machine cannot read what was said.
func TestOnlyTheOwnerReads(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // permissions are another thing there
	}
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	recordOne(t, s, said(1, "secret"))
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	stop()
}
