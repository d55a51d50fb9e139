package history

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

const damagedCount = 100 // messages in the file that the tests below damage

// closedFolder makes a folder with a cleanly closed history and returns the content of its two files.
func closedFolder(t *testing.T) (db, ids []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	msgs := make([]protocol.Message, damagedCount)
	for i := range msgs {
		msgs[i] = said(uint32(i+1), strings.Repeat("text ", 10))
	}
	if _, err := s.Record(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
	stop()
	return readFile(t, path), readFile(t, path+".ids")
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// requireWorks opens a folder with the given database and finds that it gives new ids and keeps messages. It returns how
// many of the old messages are still right, how many are wrong, and whether the file was set aside.
func requireWorks(t *testing.T, db, ids []byte) (right, wrong int, aside bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	for name, content := range map[string][]byte{path: db, path + ".ids": ids} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log logBuffer
	s, stop := open(t, path, log.logger())
	fresh := said(1_000_000, "fresh")
	id := recordOne(t, s, fresh)
	if id <= damagedCount {
		t.Fatalf("id %d was given again", id)
	}
	for old := range int32(damagedCount) {
		got, err := s.Get(t.Context(), old+1)
		switch want := said(uint32(old+1), strings.Repeat("text ", 10)); {
		case err != nil:
		case got.Ref == want.Ref && got.Body.CQ() == want.Body.CQ():
			right++
		default:
			wrong++
		}
	}
	stop()
	s, stop = open(t, path, log.logger())
	requireMessage(t, s, id, fresh)
	stop()
	kept, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) > 0 && log.count("is damaged") == 0 {
		t.Error("set aside without a word")
	}
	if len(kept) > 0 && !bytes.Equal(readFile(t, kept[0]), db) {
		t.Error("the file that was set aside is not the damaged one")
	}
	if n := log.count("cannot be written"); n != 0 {
		t.Errorf("damage was taken for a full disk %d times", n)
	}
	return right, wrong, len(kept) > 0
}

func TestUnusableFilesAreSetAside(t *testing.T) {
	db, ids := closedFolder(t)
	others := bytes.Clone(db)
	copy(others[60:64], []byte{0, 0, 0, 0}) // user_version
	fewer := bytes.ReplaceAll(db, []byte("nickname  TEXT"), []byte("nick_name TEXT"))
	for name, damaged := range map[string][]byte{
		"another kind of file": []byte(strings.Repeat("this is no database\n", 1000)),
		"zeros":                make([]byte, len(db)),
		"cut within a page":    db[:len(db)/2+100],
		"cut after the header": db[:4096],
		"another program's":    others,
		"another column":       fewer,
		"middle overwritten":   append(append(bytes.Clone(db[:8192]), bytes.Repeat([]byte{0xaa}, 8192)...), db[16384:]...),
	} {
		t.Run(name, func(t *testing.T) {
			if right, wrong, aside := requireWorks(t, damaged, ids); !aside || right != 0 || wrong != 0 {
				t.Errorf("set aside %v, %d old messages right, %d wrong", aside, right, wrong)
			}
		})
	}
}

func TestEmptyFileIsANewDatabase(t *testing.T) {
	_, ids := closedFolder(t)
	if _, _, aside := requireWorks(t, nil, ids); aside {
		t.Error("an empty file was set aside")
	}
}

func TestFlippedBits(t *testing.T) {
	db, ids := closedFolder(t)
	random := rand.New(rand.NewPCG(1, 2))
	// One byte of every field of the header but our version, which is believed, then any.
	offsets := []int{0, 16, 17, 18, 19, 20, 21, 22, 23, 27, 31, 35, 39, 43, 47, 51, 55, 59, 67, 71}
	for range 30 {
		offsets = append(offsets, random.IntN(len(db)))
	}
	for _, offset := range offsets {
		flipped := bytes.Clone(db)
		flipped[offset] ^= 1 << random.IntN(8)
		right, wrong, aside := requireWorks(t, flipped, ids)
		// One bit may change one letter of one message, which nobody can see; everything else is noticed or harmless.
		if wrong > 1 || (!aside && right < damagedCount-1) {
			t.Errorf("bit in byte %d: %d right, %d wrong, set aside %v", offset, right, wrong, aside)
		}
	}
}

// overwrite damages the file of an open store, all but its header.
func overwrite(t *testing.T, s *Store) {
	t.Helper()
	garbage := bytes.Repeat([]byte("garbage!"), len(readFile(t, s.path))/8)
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(garbage[100:], 100)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	// SQLite would not look at the file again while its cache holds all pages.
	if _, err := s.db.Load().conn.ExecContext(t.Context(), "PRAGMA shrink_memory"); err != nil {
		t.Fatal(err)
	}
}

func TestDamageWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	old := recordOne(t, s, said(1, "old"))
	stop()
	var log logBuffer
	s, _ = open(t, path, log.logger())
	overwrite(t, s)
	fresh := said(2, "new")
	id := recordOne(t, s, fresh)
	if id <= old {
		t.Fatalf("id %d was given again", id)
	}
	requireMessage(t, s, id, fresh)
	if d, w := log.count("is damaged"), log.count("cannot be written"); d != 1 || w != 0 {
		t.Errorf("%d lines about damage, %d about a full disk", d, w)
	}
	if _, err := s.Get(t.Context(), old); !errors.As(err, new(*protocol.NotFoundError)) {
		t.Errorf("the lost message: %v", err)
	}
}

// TestDamageWhileTheDiskIsFull: what waits in memory goes to the new file.
func TestDamageWhileTheDiskIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, stop := open(t, path, zerolog.Nop())
	recordOne(t, s, said(1, "old"))
	stop()
	var log logBuffer
	prepare, retry := onCall(t)
	s, stop = open(t, path, log.logger(), prepare)
	limitPages(t, s, 0)
	waiting := said(2, strings.Repeat("x", 100_000))
	id := recordOne(t, s, waiting)
	overwrite(t, s)
	limitPages(t, s, 1_000_000)
	retry() // finds the damage
	retry() // writes to the new file
	if d, w := log.count("is damaged"), log.count("written again"); d != 1 || w != 1 {
		t.Errorf("%d lines about damage, %d about its end", d, w)
	}
	stop()
	s, _ = open(t, path, zerolog.Nop())
	requireMessage(t, s, id, waiting)
}
