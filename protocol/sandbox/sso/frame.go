package sso

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// MaxFrame is the greatest length of a frame, its length field included; MiraiGo drops longer ones
// (client/network.go).
const MaxFrame = 10 << 20

// Kind tells how the head of a frame is laid out.
type Kind uint32

// Kinds of frames (MiraiGo client/internal/network/request.go). Servers answer in either kind.
const (
	Login  Kind = 0x0A // carries the tickets of the session: the login commands, register and heartbeats
	Simple Kind = 0x0B // everything else
)

// Encryption tells with which key the body of a frame is sealed.
type Encryption uint8

// Encryptions of frames. In a server's frame ByZeroKey also says that the payload is wrapped in oicq.
const (
	Plain Encryption = iota
	ByD2Key
	ByZeroKey
)

// ErrUnknownAccount says that a frame is sealed with the session key of an account that there is none for.
var ErrUnknownAccount = errors.New("account has no session key")

// ReadFrame reads one frame and returns it without its length field. At the end of the stream it returns io.EOF, within
// a frame io.ErrUnexpectedEOF.
func ReadFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 4 || n > MaxFrame {
		return nil, fmt.Errorf("read frame: a length of %d, allowed are 4 to %d", n, MaxFrame)
	}
	frame := make([]byte, n-4)
	if _, err := io.ReadFull(r, frame); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return frame, nil
}

// appendFrame appends a length field and what fill appends.
func appendFrame(b []byte, fill func([]byte) []byte) []byte {
	start := len(b)
	b = fill(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func seal(e Encryption, k Key, body []byte) []byte {
	switch e {
	case ByD2Key:
		return k.Seal(body)
	case ByZeroKey:
		return Key{}.Seal(body)
	default:
		return body
	}
}

// open undoes seal; d2Key is asked for only where it is needed.
func open(e Encryption, d2Key func() (Key, bool), body []byte) ([]byte, error) {
	switch e {
	case Plain:
		return body, nil
	case ByZeroKey:
		return Key{}.Open(body)
	case ByD2Key:
		k, ok := d2Key()
		if !ok {
			return nil, ErrUnknownAccount
		}
		return k.Open(body)
	default:
		return nil, fmt.Errorf("encryption %d is unknown", e)
	}
}

func parseUin(digits []byte) (int64, error) {
	uin, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read account number: %w", err)
	}
	return uin, nil
}
