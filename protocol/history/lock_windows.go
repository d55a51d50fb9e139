package history

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// fileLock holds a file open and locked. The system lets go of it when the process ends, however it ends.
type fileLock struct{ file *os.File }

func lockFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = ErrInUse
		}
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{f}, nil
}

// release is safe on nil.
func (l *fileLock) release() {
	if l != nil {
		_ = l.file.Close() // nothing was written to it
	}
}
