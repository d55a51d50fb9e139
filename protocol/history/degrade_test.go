package history

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

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
	prepare, retry := onCall(t)
	s, stop := open(t, path, log.logger(), prepare)
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
		}
		if last, err := s.LastSeq(t.Context(), stored.Ref.Chat); last != 119 || err != nil {
			t.Errorf("LastSeq = %d, %v; want 119", last, err)
		}
		if _, err := s.Get(t.Context(), msgs[3].Body[0].(message.Reply).ID); err != nil {
			t.Errorf("the quoted message: %v", err)
		}
	}
	check(s)
	retry() // in vain
	check(s)
	if again, err := s.Record(t.Context(), handedIn); err != nil || !reflect.DeepEqual(again, ids) {
		t.Errorf("told again: ids %v, %v; had %v", again, err, ids)
	}
	limitPages(t, s, 1_000_000)
	retry()
	if f, w := log.count("cannot be written"), log.count("written again"); f != 1 || w != 1 {
		t.Errorf("%d lines about the full disk, %d about its end", f, w)
	}
	check(s)
	if kept, _ := s.overlay.content(); len(kept) != 0 {
		t.Errorf("%d rows are still in memory", len(kept))
	}
	next := said(50, "next")
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
	reveal := hide(t, path)
	var log logBuffer
	prepare, retry := onCall(t)
	s, stop := open(t, path, log.logger(), prepare)
	want := said(1, "in memory")
	id := recordOne(t, s, want)
	requireMessage(t, s, id, want)
	if again := recordOne(t, s, want); again != id {
		t.Errorf("told again it got id %d, had %d", again, id)
	}
	if _, err := s.Get(t.Context(), id+1); err == nil {
		t.Error("an unknown id resolves")
	}
	reveal()
	retry()
	if n := log.count("written again"); n != 1 {
		t.Errorf("%d lines about the end of it", n)
	}
	stop()
	s, _ = open(t, path, zerolog.Nop())
	requireMessage(t, s, id, want)
}

// TestIDsAreNotGivenAgainUnseen: neither the database nor the side file tells which ids were given out.
func TestIDsAreNotGivenAgainUnseen(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, path string) (reveal func()){
		"hidden": hide,
		"damaged": func(t *testing.T, path string) func() {
			if err := os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			s, stop := open(t, path, zerolog.Nop())
			old, fresh := said(1, "old"), said(2, "fresh")
			oldID := recordOne(t, s, old)
			stop()
			reveal := lose(t, path)
			if err := os.Remove(path + ".ids"); err != nil {
				t.Fatal(err)
			}
			prepare, retry := onCall(t)
			s, _ = open(t, path, zerolog.Nop(), prepare)
			freshID := recordOne(t, s, fresh)
			if freshID <= idUnknown {
				t.Fatalf("id %d was given again; the old message has %d", freshID, oldID)
			}
			requireMessage(t, s, freshID, fresh)
			if reveal == nil {
				return
			}
			reveal()
			retry()
			requireMessage(t, s, oldID, old)
			requireMessage(t, s, freshID, fresh)
			if id := recordOne(t, s, said(3, "next")); id != freshID+1 {
				t.Errorf("id %d after %d", id, freshID)
			}
		})
	}
}

// TestWritingAgainSparesOlderMessages: what is stored wins over what got its id once more.
func TestWritingAgainSparesOlderMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	old, unseen, waiting := said(1, "old"), said(2, "unseen"), said(4, "in memory")
	recordOne(t, s, old)
	if _, err := s.Resolve(t.Context(), []protocol.Ref{unseen.Ref}); err != nil {
		t.Fatal(err)
	}
	stop()
	reveal := hide(t, path)
	var log logBuffer
	prepare, retry := onCall(t)
	s, _ = open(t, path, log.logger(), prepare, func(s *Store) { s.writer.ids.last = 0 })
	for i, m := range []protocol.Message{said(3, "another"), unseen, waiting} {
		if id := recordOne(t, s, m); id != int32(i+1) {
			t.Fatalf("id %d, want %d", id, i+1)
		}
	}
	reveal()
	retry()
	requireMessage(t, s, 1, old)
	requireMessage(t, s, 2, unseen) // takes its stand-in's place
	requireMessage(t, s, 3, waiting)
	if n := log.count(`"written":2,"lost":1`); n != 1 {
		t.Errorf("%d lines about the one that was lost", n)
	}
}
