package sso

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// Request is a client's frame (MiraiGo client/internal/network/transport.go). Fields that only Login frames have are
// empty in Simple ones. What the sandbox has no use for is skipped: app ids, signatures, device numbers.
type Request struct {
	Kind       Kind
	Encryption Encryption
	Seq        uint32
	Uin        int64
	D2         []byte // Login sealed by D2Key only
	TGT        []byte // Login only
	Command    string
	SessionID  []byte
	Payload    []byte
}

// ParseRequest reads a frame as ReadFrame returns it. d2Key gives the session key of an account; where there is none the
// error is ErrUnknownAccount, and what stands outside of the sealed part is returned with it. The slices of the result
// may share memory with frame.
func ParseRequest(frame []byte, d2Key func(uin int64) (Key, bool)) (Request, error) {
	s := scanner{data: frame}
	r := Request{Kind: Kind(s.u32()), Encryption: Encryption(s.u8())}
	switch r.Kind {
	case Login:
		r.D2 = s.block32()
	case Simple:
		r.Seq = s.u32()
	default:
		return Request{}, fmt.Errorf("read request: kind %#x is unknown", uint32(r.Kind))
	}
	s.u8()
	digits := s.block32()
	sealed := s.rest()
	if s.err != nil {
		return Request{}, fmt.Errorf("read request: %w", s.err)
	}
	uin, err := parseUin(digits)
	if err != nil {
		return Request{}, fmt.Errorf("read request: %w", err)
	}
	r.Uin = uin
	body, err := open(r.Encryption, func() (Key, bool) { return d2Key(uin) }, sealed)
	if err != nil {
		return r, fmt.Errorf("open request of %d: %w", uin, err)
	}
	if err := r.parseBody(body); err != nil {
		return r, fmt.Errorf("read request of %d: %w", uin, err)
	}
	return r, nil
}

func (r *Request) parseBody(body []byte) error {
	s := scanner{data: body}
	head := scanner{data: s.block32()}
	r.Payload = s.block32()
	if s.err != nil {
		return s.err
	}
	if r.Kind == Login {
		r.Seq = head.u32()
		head.bytes(4 + 4 + 12) // app id, sub app id, network type
		r.TGT = head.block32()
	}
	r.Command = string(head.block32())
	r.SessionID = head.block32()
	return head.err
}

// Append appends the request as a frame, sealed with d2Key where Encryption says so. Device and signature are left
// empty.
func (r Request) Append(b []byte, d2Key Key) []byte {
	return appendFrame(b, func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, uint32(r.Kind))
		b = append(b, byte(r.Encryption))
		if r.Kind == Login {
			b = appendBlock32(b, r.D2)
		} else {
			b = binary.BigEndian.AppendUint32(b, r.Seq)
		}
		b = append(b, 0)
		b = appendBlock32(b, strconv.FormatInt(r.Uin, 10))
		return append(b, seal(r.Encryption, d2Key, r.body())...)
	})
}

func (r Request) body() []byte {
	var head []byte
	if r.Kind == Login {
		head = binary.BigEndian.AppendUint32(head, r.Seq)
		head = append(head, make([]byte, 4+4+12)...)
		head = appendBlock32(head, r.TGT)
	}
	head = appendBlock32(head, r.Command)
	head = appendBlock32(head, r.SessionID)
	if r.Kind == Login {
		head = appendBlock32(head, "")
		head = binary.BigEndian.AppendUint32(head, 4)
		head = binary.BigEndian.AppendUint16(head, 2)
	}
	head = appendBlock32(head, "")
	return appendBlock32(appendBlock32(nil, head), r.Payload)
}
