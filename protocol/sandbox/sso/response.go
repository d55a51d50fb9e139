package sso

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// CodeExpired is the return code that makes a client drop its session (MiraiGo client/internal/network/response.go).
const CodeExpired int32 = -10008

// Response is a server's frame: an answer, or a push with a seq of the server's choice.
type Response struct {
	Encryption Encryption
	Seq        uint32
	Uin        int64
	Code       int32 // 0 done
	Command    string
	SessionID  []byte
	Payload    []byte
}

// Append appends the response as a frame, sealed with d2Key where Encryption says so, uncompressed.
func (r Response) Append(b []byte, d2Key Key) []byte {
	return appendFrame(b, func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, uint32(Simple))
		b = append(b, byte(r.Encryption), 0)
		b = appendBlock32(b, strconv.FormatInt(r.Uin, 10))
		head := make([]byte, 0, 64)
		head = binary.BigEndian.AppendUint32(head, r.Seq)
		head = binary.BigEndian.AppendUint32(head, uint32(r.Code))
		head = appendBlock32(head, "")
		head = appendBlock32(head, r.Command)
		head = appendBlock32(head, r.SessionID)
		head = binary.BigEndian.AppendUint32(head, 0) // not compressed
		body := make([]byte, 0, len(head)+len(r.Payload)+8)
		body = appendBlock32(appendBlock32(body, head), r.Payload)
		return append(b, seal(r.Encryption, d2Key, body)...)
	})
}

// ParseResponse reads a frame as ReadFrame returns it. The slices of the result may share memory with frame.
func ParseResponse(frame []byte, d2Key Key) (Response, error) {
	s := scanner{data: frame}
	kind := Kind(s.u32())
	r := Response{Encryption: Encryption(s.u8())}
	s.u8()
	digits := s.block32()
	sealed := s.rest()
	if s.err != nil {
		return Response{}, fmt.Errorf("read response: %w", s.err)
	}
	if kind != Login && kind != Simple {
		return Response{}, fmt.Errorf("read response: kind %#x is unknown", uint32(kind))
	}
	uin, err := parseUin(digits)
	if err != nil {
		return Response{}, fmt.Errorf("read response: %w", err)
	}
	r.Uin = uin
	body, err := open(r.Encryption, func() (Key, bool) { return d2Key, true }, sealed)
	if err != nil {
		return Response{}, fmt.Errorf("open response: %w", err)
	}
	s = scanner{data: body}
	head := scanner{data: s.block32()}
	r.Payload = s.block32()
	r.Seq, r.Code = head.u32(), int32(head.u32())
	head.block32()
	r.Command = string(head.block32())
	r.SessionID = head.block32()
	compressed := head.u32()
	for _, err := range []error{s.err, head.err} {
		if err != nil {
			return Response{}, fmt.Errorf("read response: %w", err)
		}
	}
	if compressed != 0 {
		return Response{}, fmt.Errorf("read response: compression %d, of which this server makes no use", compressed)
	}
	return r, nil
}
