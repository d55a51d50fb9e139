package settings

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long a file must have been left alone before it is read: editors write in several steps.
const quiet = 300 * time.Millisecond

// Watch calls changed when the file has another content than before, and for every signal, until ctx ends. It blocks, and
// calls its functions on its own goroutine. The file need not exist yet. It watches the folder, because editors and
// Kubernetes replace files instead of writing them; where that cannot be watched it tells warn, and only signals count.
func Watch(ctx context.Context, path string, signals <-chan os.Signal, changed func(), warn func(error)) {
	var events <-chan fsnotify.Event
	var failures <-chan error
	if watcher, err := watchFolder(path); err != nil {
		warn(err)
	} else {
		defer func() { _ = watcher.Close() }() // nothing more is read from it
		events, failures = watcher.Events, watcher.Errors
	}
	settled := time.NewTimer(quiet)
	defer settled.Stop()
	before := fingerprint(path)
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			settled.Reset(quiet)
			continue
		case err := <-failures:
			warn(fmt.Errorf("watch %s: %w", path, err))
			continue
		case <-settled.C:
			if fingerprint(path) == before {
				continue
			}
		case <-signals:
		}
		before = fingerprint(path)
		changed()
	}
}

func watchFolder(path string) (*fsnotify.Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", path, err)
	}
	if err := watcher.Add(filepath.Dir(path)); err != nil {
		_ = watcher.Close() // it watches nothing
		return nil, fmt.Errorf("watch %s: %w", path, err)
	}
	return watcher, nil
}

// fingerprint is the file's content; "" while it cannot be read. What else happens in the folder does not matter then,
// and neither does a link that points elsewhere.
func fingerprint(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}
