package mirai

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files in the data folder, as go-cqhttp has them.
const (
	deviceFile  = "device.json"
	tokenFile   = "session.token"
	addressFile = "address.txt"
)

// readAddresses reads address.txt: one IP:PORT a line, blank lines and lines with # ignored. No file is no address.
func readAddresses(dir string) ([]netip.AddrPort, error) {
	path := filepath.Join(dir, addressFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read server addresses: %w", err)
	}
	var list []netip.AddrPort
	for i, line := range strings.Split(string(bytes.TrimPrefix(b, []byte("\ufeff"))), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		address, err := netip.ParseAddrPort(line)
		if err != nil {
			return nil, fmt.Errorf("read %s, line %d: %q is not IP:PORT", path, i+1, line)
		}
		list = append(list, address)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("read %s: no address in it; remove the file to let servers be looked up", path)
	}
	return list, nil
}

// writeFile replaces a file in one step and keeps it from other users: it holds what a thief needs to log in.
func writeFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	// CreateTemp makes files with mode 0600.
	if _, err = f.Write(content); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
