package history

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

func TestWhereIDsGoOn(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  string // "" none
		floor int32  // -1 unknown
		want  int32
	}{
		{"new folder", "", 0, 1},
		{"after a clean end", "43\n", 42, 43},
		{"after a kill", "65537\n", 42, 65537},
		{"new database", "65537\n", 0, 65537},
		{"older copy of the file", "10\n", 42, 43},
		{"file lost", "", 42, 42 + idBlock + 1},
		{"file empty", " ", 42, 42 + idBlock + 1},
		{"file garbled", "12\x00\x00", 42, 42 + idBlock + 1},
		{"file out of range", "2147483648\n", 42, 42 + idBlock + 1},
		{"not positive", "0\n", 0, idBlock + 1},
		{"database unreadable", "65537\n", -1, 65537},
		{"both lost", "", -1, idUnknown + 1},
		{"both unreadable", "x", -1, idUnknown + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ids")
			if c.file != "" {
				if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a := openAllocator(path, max(c.floor, 0), c.floor >= 0, zerolog.Nop())
			id, err := a.next()
			if id != c.want || err != nil {
				t.Fatalf("first id %d, %v; want %d", id, err, c.want)
			}
			if next, err := readNext(path); err != nil || next <= id {
				t.Errorf("id %d is out, but the file says %d, %v", id, next, err)
			}
		})
	}
}

func TestReservationIsAlwaysAhead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ids")
	a := openAllocator(path, 0, true, zerolog.Nop())
	for want := range int32(3 * idBlock) {
		id, err := a.next()
		if id != want+1 || err != nil {
			t.Fatalf("id %d, %v; want %d", id, err, want+1)
		}
		if id%1000 == 0 {
			if next, err := readNext(path); err != nil || next-id < idBlock/2-1000 {
				t.Fatalf("at id %d ids are reserved up to %d, %v", id, next, err)
			}
		}
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	if next, err := readNext(path); next != 3*idBlock+1 || err != nil {
		t.Errorf("after a clean end the file says %d, %v", next, err)
	}
}

func TestIDsRunOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ids")
	if err := os.WriteFile(path, fmt.Appendln(nil, math.MaxInt32-1), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a := openAllocator(path, 0, true, zerolog.Nop())
		for _, want := range []int32{math.MaxInt32 - 1, math.MaxInt32} {
			if a.last >= want { // the second time some are gone
				continue
			}
			if id, err := a.next(); id != want || err != nil {
				t.Fatalf("id %d, %v; want %d", id, err, want)
			}
		}
		if id, err := a.next(); !errors.Is(err, ErrExhausted) {
			t.Fatalf("id %d, %v", id, err)
		}
		if err := a.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReservationFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	var log logBuffer
	a := openAllocator(filepath.Join(folder, "ids"), 0, true, log.logger())
	for want := range int32(3 * idRetry) {
		if id, err := a.next(); id != want+1 || err != nil {
			t.Fatalf("id %d, %v; want %d", id, err, want+1)
		}
	}
	if n := log.count("cannot be reserved"); n != 1 {
		t.Errorf("%d lines about it", n)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for range idRetry + 1 {
		if _, err := a.next(); err != nil {
			t.Fatal(err)
		}
	}
	if next, err := readNext(a.path); err != nil || next <= a.last {
		t.Errorf("id %d is out, but the file says %d, %v", a.last, next, err)
	}
	if n := log.count("reserved again"); n != 1 {
		t.Errorf("%d lines about the end of it", n)
	}
}

func TestRecordWithoutIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path+".ids", fmt.Appendln(nil, math.MaxInt32), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, path, zerolog.Nop())
	last := said(1, "last")
	if id := recordOne(t, s, last); id != math.MaxInt32 {
		t.Fatalf("id %d", id)
	}
	for range 2 {
		if ids, err := s.Record(t.Context(), []protocol.Message{said(2, "one too many")}); !errors.Is(err, ErrExhausted) || ids != nil {
			t.Errorf("Record = %v, %v", ids, err)
		}
	}
	if id := recordOne(t, s, last); id != math.MaxInt32 {
		t.Errorf("a known message got id %d", id)
	}
	requireMessage(t, s, math.MaxInt32, last)
}

func TestSyncFolder(t *testing.T) {
	folder := t.TempDir()
	if err := syncFolder(folder); err != nil {
		t.Error(err)
	}
	if err := syncFolder(filepath.Join(folder, "gone")); runtime.GOOS != "windows" && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
