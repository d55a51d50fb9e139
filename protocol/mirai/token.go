package mirai

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"echogate/protocol"
)

// tokenFields are the lengths of a token's fields after the QQ number: D2, D2Key, TGT, SrmToken, T133, EncryptedA1,
// WtSessionTicketKey, OutPacketSessionID, TgtgtKey (MiraiGo client/client.go, GenToken). -1 is any length. MiraiGo
// reads a token without looking at its length, so a bad one must not reach it.
func tokenFields() [9]int { return [9]int{-1, 16, -1, -1, -1, -1, 16, 4, 16} }

// tokenError says that session.token cannot be one.
type tokenError struct {
	path, reason string
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("%s %s; replace it with one of a client that is logged in", e.path, e.reason)
}

// readToken reads session.token and the QQ number in it.
func readToken(dir string) ([]byte, protocol.UserID, error) {
	path := filepath.Join(dir, tokenFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, &tokenError{path, "is missing: login needs a session token in go-cqhttp's format"}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read session token: %w", err)
	}
	u, err := parseToken(b)
	if err != nil {
		return nil, 0, &tokenError{path, "is not a session token: " + err.Error()}
	}
	return b, u, nil
}

// parseToken checks a token's form and returns its QQ number.
func parseToken(b []byte) (protocol.UserID, error) {
	if len(b) < 8 {
		return 0, fmt.Errorf("%d bytes are too few", len(b))
	}
	u := protocol.UserID(binary.BigEndian.Uint64(b))
	// QQ numbers start at 10000 and travel as unsigned 32 bits.
	if u < 10000 || u > 1<<32-1 {
		return 0, errors.New("it does not begin with a QQ number")
	}
	rest := b[8:]
	for i, want := range tokenFields() {
		if len(rest) < 2 {
			return 0, fmt.Errorf("it ends before field %d", i+1)
		}
		n := int(binary.BigEndian.Uint16(rest))
		rest = rest[2:]
		if len(rest) < n {
			return 0, fmt.Errorf("it ends within field %d", i+1)
		}
		if want >= 0 && n != want {
			return 0, fmt.Errorf("field %d has %d bytes, not %d", i+1, n, want)
		}
		rest = rest[n:]
	}
	if len(rest) != 0 {
		return 0, fmt.Errorf("%d bytes follow its end", len(rest))
	}
	return u, nil
}
