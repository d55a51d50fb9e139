package history

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// alter runs a statement on the file as another program would. The connection stays open, so that what it wrote stays in
// SQLite's log.
func alter(t *testing.T, path, statement string) *sql.DB {
	t.Helper()
	pool, err := openPool(path, 1, "busy_timeout(2000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if _, err := pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return pool
}

func requireNothingAside(t *testing.T, path string) {
	t.Helper()
	if aside, err := filepath.Glob(path + ".damaged-*"); err != nil || len(aside) != 0 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

func TestNewerHistoryIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	want := said(1, "kept")
	id := recordOne(t, s, want)
	stop()
	refused := func() {
		t.Helper()
		var log logBuffer
		_, err := Open(t.Context(), path, log.logger())
		if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open: %v", err)
		}
		if log.text.Len() != 0 {
			t.Errorf("logged %s", log.text.String())
		}
		requireNothingAside(t, path)
	}
	other := alter(t, path, "PRAGMA user_version = 2")
	refused() // told by SQLite's log
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	refused() // told by the file
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("the file was changed")
	}
	if err := alter(t, path, "PRAGMA user_version = 1").Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = open(t, path, zerolog.Nop())
	requireMessage(t, s, id, want)
}

// TestNewerHistoryBehindASchemaWeCannotRead: the version counts before what SQLite thinks of the rest.
func TestNewerHistoryBehindASchemaWeCannotRead(t *testing.T) {
	db, _ := closedFolder(t)
	db = bytes.Replace(db, []byte("CREATE TABLE"), []byte("CREATE THING"), 1)
	copy(db[60:64], []byte{0, 0, 0, 2})
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, db, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, zerolog.Nop()); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: %v", err)
	}
	requireNothingAside(t, path)
}

// TestNewerHistoryShowsLate: it could not be opened at first.
func TestNewerHistoryShowsLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	recordOne(t, s, said(1, "kept"))
	stop()
	if err := alter(t, path, "PRAGMA user_version = 2").Close(); err != nil {
		t.Fatal(err)
	}
	reveal := hide(t, path)
	var log logBuffer
	prepare, retry := onCall(t)
	s, stop = open(t, path, log.logger(), prepare)
	waiting := said(2, "in memory")
	id := recordOne(t, s, waiting)
	reveal()
	retry()
	retry()
	requireMessage(t, s, id, waiting)
	if n := log.count(ErrNewer.Error()); n != 1 {
		t.Errorf("%d lines about it", n)
	}
	stop()
	requireNothingAside(t, path)
}

// TestErrorsThatAreNoDamage: users may open the file, and what they leave in it may be in the way of writing.
func TestErrorsThatAreNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	old, fresh := said(1, "old"), said(2, "fresh")
	oldID := recordOne(t, s, old)
	stop()
	other := alter(t, path, "CREATE TRIGGER copies AFTER INSERT ON messages BEGIN INSERT INTO gone VALUES (1); END")
	prepare, retry := onCall(t)
	s, _ = open(t, path, zerolog.Nop(), prepare)
	freshID := recordOne(t, s, fresh)
	requireMessage(t, s, freshID, fresh)
	requireNothingAside(t, path)
	if _, err := other.ExecContext(t.Context(), "DROP TRIGGER copies"); err != nil {
		t.Fatal(err)
	}
	retry()
	if kept, _ := s.overlay.content(); len(kept) != 0 {
		t.Errorf("%d rows are still in memory", len(kept))
	}
	requireMessage(t, s, oldID, old)
	requireMessage(t, s, freshID, fresh)
}
