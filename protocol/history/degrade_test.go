package history

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// until waits for something that another goroutine brings about.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for tick := time.Tick(2 * time.Millisecond); !happened(); {
		select {
		case <-tick:
		case <-deadline:
			t.Fatal("waited in vain for: " + what)
		}
	}
}

// limitPages makes SQLite report a full disk when the file would grow beyond n pages (0: at its present size).
func limitPages(t *testing.T, s *Store, n int) {
	t.Helper()
	conn := s.db.Load().conn
	if n == 0 {
		if err := conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	var log logBuffer
	s, stop := open(t, path, log.logger(), func(s *Store) { s.retryEvery = 5 * time.Millisecond })
	stored := said(1, "stored")
	storedID := recordOne(t, s, stored)
	unseen := said(2, "unseen")
	unseenIDs, err := s.Resolve(t.Context(), []protocol.Ref{unseen.Ref})
	if err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, 0)

	msgs := []protocol.Message{stored, unseen, quoting(3, stored), quoting(4, said(5, "unseen too"))}
	for seq := range uint32(20) {
		msgs = append(msgs, said(100+seq, strings.Repeat("x", 4000)))
	}
	handedIn := append([]protocol.Message(nil), msgs...)
	ids, err := s.Record(t.Context(), msgs)
	if err != nil {
		t.Fatal(err)
	}
	if ids[0] != storedID || ids[1] != unseenIDs[0] {
		t.Errorf("known messages got ids %v, had %d and %d", ids[:2], storedID, unseenIDs[0])
	}
	if id := msgs[2].Body[0].(message.Reply).ID; id != storedID {
		t.Errorf("a reply quotes %d, want %d", id, storedID)
	}
	check := func(s *Store) {
		t.Helper()
		for i, id := range ids {
			requireMessage(t, s, id, msgs[i])
			if found, err := s.Find(t.Context(), msgs[i].Ref); found != id || err != nil {
				t.Errorf("Find(%+v) = %d, %v; want %d", msgs[i].Ref, found, err, id)
			}
		}
		if _, err := s.Get(t.Context(), msgs[3].Body[0].(message.Reply).ID); err != nil {
			t.Errorf("the quoted message: %v", err)
		}
	}
	check(s)
	if again, err := s.Record(t.Context(), handedIn); err != nil || !reflect.DeepEqual(again, ids) {
		t.Errorf("told again: ids %v, %v; had %v", again, err, ids)
	}
	limitPages(t, s, 1_000_000)
	until(t, "writing again", func() bool { return log.count("written again") > 0 })
	if n := log.count("cannot be written"); n != 1 {
		t.Errorf("%d lines about the full disk", n)
	}
	check(s)
	if kept, _ := s.overlay.content(); len(kept) != 0 {
		t.Errorf("%d rows are still in memory", len(kept))
	}
	next := said(1000, "next")
	nextID := recordOne(t, s, next)
	stop()
	s, _ = open(t, path, zerolog.Nop())
	check(s)
	requireMessage(t, s, nextID, next)
}

// TestDiskFullToTheEnd: ids that were only in memory are lost with it, but never given again.
func TestDiskFullToTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	var log logBuffer
	s, stop := open(t, path, log.logger())
	limitPages(t, s, 0)
	big := said(1, strings.Repeat("x", 100_000))
	id := recordOne(t, s, big)
	requireMessage(t, s, id, big)
	stop()
	if n := log.count("never written"); n != 1 {
		t.Errorf("%d lines about lost messages", n)
	}
	s, _ = open(t, path, zerolog.Nop())
	if got, err := s.Get(t.Context(), id); err == nil {
		t.Errorf("the lost message is %+v", got)
	}
	if next := recordOne(t, s, said(2, "next")); next <= id {
		t.Errorf("id %d after %d", next, id)
	}
}

func TestDatabaseCannotBeOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.Mkdir(path, 0o700); err != nil { // in its place, so that even root cannot open it
		t.Fatal(err)
	}
	var log logBuffer
	s, stop := open(t, path, log.logger(), func(s *Store) {
		s.retryEvery = 5 * time.Millisecond
		s.writer.retryAt = time.Now()
	})
	want := said(1, "in memory")
	id := recordOne(t, s, want)
	requireMessage(t, s, id, want)
	if again := recordOne(t, s, want); again != id {
		t.Errorf("told again it got id %d, had %d", again, id)
	}
	if _, err := s.Get(t.Context(), id+1); err == nil {
		t.Error("an unknown id resolves")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until(t, "writing again", func() bool { return log.count("written again") > 0 })
	stop()
	s, _ = open(t, path, zerolog.Nop())
	requireMessage(t, s, id, want)
}
