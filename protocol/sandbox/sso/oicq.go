package sso

import (
	"crypto/ecdh"
	"crypto/md5" //nolint:gosec // the protocol's own derivation of keys
	"encoding/binary"
	"errors"
	"fmt"
)

// Method tells how the body of an oicq packet is sealed.
type Method uint8

// Methods of clients' packets (MiraiGo client/internal/oicq/oicq.go).
const (
	ByECDH   Method = 0x87 // with the key that client and server agree on, see ShareKey
	ByTicket Method = 0x45 // with the packet's own random key: the client proves itself with tickets inside
)

// Methods of servers' packets.
const (
	ByShareKey  Method = 0 // with ShareKey
	ByTicketKey Method = 3 // with the client's session ticket key, Token.STKey
)

const (
	oicqStart   = 2
	oicqEnd     = 3
	oicqVersion = 8001
)

// OICQ is the wrapper around login commands, as a client sends it.
type OICQ struct {
	Command   uint16 // 0x0810 login, 0x0812 QR codes
	Uin       uint32
	Method    Method
	RandomKey Key
	PublicKey []byte // ByECDH: the client's P-256 point, uncompressed
	sealed    []byte
}

// ParseOICQ reads the payload of a wtlogin command. The public key and the sealed body that the result holds share memory
// with payload.
func ParseOICQ(payload []byte) (OICQ, error) {
	s := scanner{data: payload}
	start := s.u8()
	length := int(s.u16())
	s.bytes(2) // version
	o := OICQ{Command: s.u16()}
	s.u16()
	o.Uin = s.u32()
	s.u8()
	o.Method = Method(s.u8())
	s.bytes(1 + 12)
	s.bytes(2)
	random := s.bytes(len(o.RandomKey))
	s.bytes(2 + 2) // cipher suite, version of the server's key
	switch {
	case s.err == nil && start != oicqStart:
		return OICQ{}, fmt.Errorf("read oicq packet: it starts with %#x", start)
	case s.err == nil && length != len(payload):
		return OICQ{}, fmt.Errorf("read oicq packet: it is %d bytes long and says %d", len(payload), length)
	case s.err == nil && o.Method == ByECDH:
		o.PublicKey = s.block16()
	case s.err == nil && o.Method != ByTicket:
		return OICQ{}, fmt.Errorf("read oicq packet: method %#x is unknown", uint8(o.Method))
	}
	o.sealed = s.bytes(len(s.data) - 1)
	if end := s.u8(); s.err == nil && end != oicqEnd {
		return OICQ{}, fmt.Errorf("read oicq packet: it ends with %#x", end)
	}
	if s.err != nil {
		return OICQ{}, fmt.Errorf("read oicq packet: %w", s.err)
	}
	o.RandomKey = Key(random)
	return o, nil
}

// ErrNotP256 says that a client's public key is not a point of the curve.
var ErrNotP256 = errors.New("public key is not on P-256")

// ShareKey is the key that the holder of server and the sender of an ECDH packet agree on.
func (o OICQ) ShareKey(server *ecdh.PrivateKey) (Key, error) {
	return ShareKey(server, o.PublicKey)
}

// ShareKey is the TEA key that own and the owner of the point peer agree on: the MD5 of the first 16 bytes of the
// shared secret (MiraiGo client/internal/oicq/ecdh.go).
func ShareKey(own *ecdh.PrivateKey, peer []byte) (Key, error) {
	point, err := ecdh.P256().NewPublicKey(peer)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrNotP256, err)
	}
	secret, err := own.ECDH(point)
	if err != nil {
		return Key{}, fmt.Errorf("agree on a key: %w", err)
	}
	return md5.Sum(secret[:16]), nil //nolint:gosec // the protocol's own derivation of keys
}

// Open opens the body with key: ShareKey or RandomKey, as Method says.
func (o OICQ) Open(key Key) ([]byte, error) {
	body, err := key.Open(o.sealed)
	if err != nil {
		return nil, fmt.Errorf("open oicq packet: %w", err)
	}
	return body, nil
}

// Request is the client's packet around body, sealed with key.
func (o OICQ) Request(key Key, body []byte) []byte {
	return oicqPacket(o.Command, o.Uin, 3, o.Method, func(b []byte) []byte {
		b = append(b, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)
		if o.Method == ByECDH {
			b = append(append(b, 2, 1), o.RandomKey[:]...)
			b = append(b, 0x01, 0x31, 0, 1)
			b = appendBlock16(b, o.PublicKey)
		} else {
			b = append(append(b, 1, 3), o.RandomKey[:]...)
			b = append(b, 0x01, 0x02, 0, 0)
		}
		return append(b, key.Seal(body)...)
	})
}

// Response is the server's packet around body that answers o.
func (o OICQ) Response(method Method, key Key, body []byte) []byte {
	return oicqPacket(o.Command, o.Uin, 0, method, func(b []byte) []byte { return append(b, key.Seal(body)...) })
}

// ParseOICQResponse opens a server's packet with the key that fits its method.
func ParseOICQResponse(payload []byte, share, ticket Key) ([]byte, error) {
	s := scanner{data: payload}
	s.bytes(1 + 2 + 2 + 2 + 2 + 4 + 1)
	method := Method(s.u8())
	s.u8()
	sealed := s.bytes(len(s.data) - 1)
	if s.err != nil {
		return nil, fmt.Errorf("read oicq response: %w", s.err)
	}
	switch method {
	case ByShareKey:
		return share.Open(sealed)
	case ByTicketKey:
		return ticket.Open(sealed)
	default:
		return nil, fmt.Errorf("read oicq response: method %d is unknown", method)
	}
}

func oicqPacket(command uint16, uin uint32, flag byte, method Method, fill func([]byte) []byte) []byte {
	b := []byte{oicqStart, 0, 0}
	b = binary.BigEndian.AppendUint16(b, oicqVersion)
	b = binary.BigEndian.AppendUint16(b, command)
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint32(b, uin)
	b = append(b, flag, byte(method), 0)
	b = append(fill(b), oicqEnd)
	binary.BigEndian.PutUint16(b[1:], uint16(len(b)))
	return b
}
