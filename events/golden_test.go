package events

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew; then read the difference")

// TestGolden compares every kind of event, byte for byte, with testdata: the first line is the array format, the second
// the string format.
func TestGolden(t *testing.T) {
	all := samples()
	for name, e := range all {
		path := filepath.Join("testdata", name+".json")
		got := bytes.Join([][]byte{e.Array, e.String, nil}, []byte("\n"))
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(all) {
		t.Errorf("%d files for %d kinds of events, %v", len(files), len(all), err)
	}
}

// TestEncodingsDoNotShareMemory: an encoding may be changed or appended to by nobody, but two formats of one message must
// not lie over each other.
func TestEncodingsDoNotShareMemory(t *testing.T) {
	e := Message(groupSaid(), 42, self)
	text := bytes.Clone(e.String)
	for i := range e.Array {
		e.Array[i] = 'x'
	}
	if !bytes.Equal(e.String, text) {
		t.Error("writing the array format changed the string format")
	}
}
