package sso

import (
	"errors"
	"fmt"

	"github.com/Mrs4s/MiraiGo/binary"
)

// Key is a TEA key. The zero Key is in use too: it covers frames sent before there is a session.
type Key [16]byte

// ErrCipher says that data cannot be the output of the cipher. The cipher has no integrity check: a wrong key is
// noticed only now and then, and otherwise opens to noise.
var ErrCipher = errors.New("data is not TEA ciphertext")

// KeyFrom is b as a key; its length must be 16.
func KeyFrom(b []byte) (Key, error) {
	if len(b) != len(Key{}) {
		return Key{}, fmt.Errorf("TEA key has %d bytes, not %d", len(b), len(Key{}))
	}
	return Key(b), nil
}

// Seal encrypts plain as QQ does: TEA in its chained mode with padding in front (MiraiGo binary/tea.go).
func (k Key) Seal(plain []byte) []byte { return binary.NewTeaCipher(k[:]).Encrypt(plain) }

// Open undoes Seal.
func (k Key) Open(sealed []byte) (plain []byte, err error) {
	if len(sealed) < 16 || len(sealed)%8 != 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrCipher, len(sealed))
	}
	// MiraiGo slices by the padding length that it decrypted; in the shortest messages noise can exceed the bounds.
	defer func() {
		if recover() != nil {
			plain, err = nil, fmt.Errorf("%w: impossible padding", ErrCipher)
		}
	}()
	return binary.NewTeaCipher(k[:]).Decrypt(sealed), nil
}
