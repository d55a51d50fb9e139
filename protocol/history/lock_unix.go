//go:build !windows

package history

import (
	"errors"
	"os"
	"syscall"
)

// fileLock holds a file open and locked. The system lets go of it when the process ends, however it ends.
type fileLock struct{ file *os.File }

func lockFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
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
