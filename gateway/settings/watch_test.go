package settings

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "house.yml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "a")
	ctx, stop := context.WithCancel(t.Context())
	changes, ended, signals := make(chan string, 8), make(chan struct{}), make(chan os.Signal)
	go func() {
		defer close(ended)
		Watch(ctx, path, signals, func() { changes <- fingerprint(path) }, func(err error) { t.Error(err) })
	}()
	// The watch may not be up yet when the first change is made; each is made anew until it is noticed.
	n := 0
	noticed := func(change func(text string)) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
			n++
			text := fmt.Sprint(n)
			change(text)
			select {
			case got := <-changes:
				if got != text {
					t.Fatalf("told of %q, want %q", got, text)
				}
				return
			case <-time.After(5 * quiet):
			}
		}
		t.Fatal("a change was not noticed")
	}
	noticed(func(text string) { write(path, text) })
	noticed(func(text string) { write(path, "half"); write(path, text) })
	noticed(func(text string) {
		write(path+".new", text)
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
	})
	write(filepath.Join(dir, "other"), "x")
	write(path, fmt.Sprint(n)) // as it was
	noticed(func(text string) { write(path, text) })
	signals <- os.Interrupt // any; nothing has changed
	if got := <-changes; got != fmt.Sprint(n) {
		t.Errorf("after a signal: told of %q", got)
	}
	stop()
	<-ended
}

func TestWatchWithoutItsFolder(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	signals, warned := make(chan os.Signal, 1), 0
	signals <- os.Interrupt
	Watch(ctx, filepath.Join(t.TempDir(), "none", "house.yml"), signals, stop, func(error) { warned++ })
	if warned != 1 {
		t.Errorf("warned %d times", warned)
	}
}
