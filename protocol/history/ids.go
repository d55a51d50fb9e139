package history

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

const (
	// idBlock is how many ids are reserved at a time. A killed process wastes at most one block; at one kill a day they
	// last for ninety years.
	idBlock = 1 << 16
	// idRetry is how many ids are given out between two attempts to write a reservation that failed.
	idRetry = 1 << 10
	// idUnknown is where ids go on when nothing tells which were given out: further than any account gets from 1 in ten
	// years at three messages a second, with as many left.
	idUnknown = 1 << 30
)

// allocator gives out message ids in ascending order. Its side file holds one decimal number: no id from there on was
// ever given out. It is used by one goroutine.
type allocator struct {
	path    string
	log     zerolog.Logger
	last    int32 // given out last
	limit   int32 // ids up to here are reserved
	failing bool  // the last reservation could not be written
}

// openAllocator goes on after the last run. floor is the highest id that the database holds, if that is known: it counts
// when the side file is missing or unreadable.
func openAllocator(path string, floor int32, known bool, log zerolog.Logger) *allocator {
	a := &allocator{path: path, log: log, last: floor}
	next, err := readNext(path)
	switch {
	case err == nil:
		a.last = max(next-1, floor)
	case errors.Is(err, fs.ErrNotExist) && known && floor == 0:
		// A new folder.
	default:
		a.last = idUnknown
		if known {
			a.last = min(floor, math.MaxInt32-idBlock) + idBlock
		}
		log.Error().Err(err).Int32("next", a.last+1).Msg("history: it is not certain which message ids were given out; they go on after a gap")
	}
	a.limit = a.last
	return a
}

func readNext(path string) (int32, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read reserved message ids: %w", err)
	}
	next, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 32)
	if err != nil || next < 1 {
		return 0, fmt.Errorf("read reserved message ids: %s does not hold a positive number", path)
	}
	return int32(next), nil
}

// next gives out an id. The reservation is extended when half of it is used: a disk that is full for a while finds some
// left. Without any left ids are given out all the same, and only a kill in that state could make them come twice.
func (a *allocator) next() (int32, error) {
	if a.last == math.MaxInt32 {
		return 0, ErrExhausted
	}
	if a.limit-a.last <= idBlock/2 && (!a.failing || a.last%idRetry == 0) {
		a.reserve()
	}
	a.last++
	return a.last, nil
}

func (a *allocator) reserve() {
	limit := int32(min(int64(a.last)+idBlock, math.MaxInt32-1))
	err := writeNext(a.path, limit+1)
	switch {
	case err == nil:
		a.limit = limit
		if a.failing {
			a.log.Info().Msg("history: message ids are reserved again")
		}
	case !a.failing:
		a.log.Error().Err(err).Int32("left", a.limit-a.last).Msg("history: message ids cannot be reserved")
	}
	a.failing = err != nil
}

// close gives the unused rest of the reservation back.
func (a *allocator) close() error {
	if a.last == 0 {
		return nil
	}
	return writeNext(a.path, min(a.last, math.MaxInt32-1)+1)
}

// writeNext replaces the file as a whole, and makes sure that it is on the disk.
func writeNext(path string, next int32) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("reserve message ids: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", next)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("reserve message ids: %w", errors.Join(err, os.Remove(fresh)))
	}
	err = os.Rename(fresh, path)
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("reserve message ids: %w", err)
	}
	return nil
}

// syncFolder makes the names in a folder outlive a power cut, where the file system can be asked to.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" { // cannot be asked; NTFS keeps a journal of names
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) { // as fsync(2) says of such file systems
		err = nil
	}
	return errors.Join(err, f.Close())
}
