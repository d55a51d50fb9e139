package sso

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrShort says that data ended before what it promised.
var ErrShort = errors.New("data is too short")

// scanner takes big-endian values off the front of data. The first read beyond the end sets err; from then on every
// read gives zero, so that only the last one has to be followed by a check.
type scanner struct {
	data []byte
	err  error
}

func (s *scanner) bytes(n int) []byte {
	if s.err == nil && (n < 0 || n > len(s.data)) {
		s.err = fmt.Errorf("%w: %d bytes wanted, %d left", ErrShort, n, len(s.data))
	}
	if s.err != nil {
		return nil
	}
	b := s.data[:n:n]
	s.data = s.data[n:]
	return b
}

func (s *scanner) u8() uint8 {
	if b := s.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scanner) u16() uint16 {
	if b := s.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (s *scanner) u32() uint32 {
	if b := s.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (s *scanner) u64() uint64 {
	if b := s.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// block16 is bytes behind a 16-bit length.
func (s *scanner) block16() []byte { return s.bytes(int(s.u16())) }

// block32 is bytes behind a 32-bit length that counts itself, SSO's "string".
func (s *scanner) block32() []byte {
	n := s.u32()
	if s.err == nil && (n < 4 || n > MaxFrame) {
		s.err = fmt.Errorf("%w: a block of length %d", ErrShort, n)
	}
	return s.bytes(int(n) - 4)
}

// rest is everything that is left.
func (s *scanner) rest() []byte { return s.bytes(len(s.data)) }

func appendBlock16[T []byte | string](b []byte, block T) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(block))), block...)
}

func appendBlock32[T []byte | string](b []byte, block T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(block)+4)), block...)
}
