package sso

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// TLV is one tagged value of a login packet.
type TLV struct {
	Tag   uint16
	Value []byte
}

// AppendTLVs appends the count of the values and the values.
func AppendTLVs(b []byte, values ...TLV) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(values)))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v.Tag)
		b = appendBlock16(b, v.Value)
	}
	return b
}

// ParseTLVs reads what AppendTLVs writes. The count is a hint only, as it is to MiraiGo: the values go on to the end of
// data. Of a doubled tag the last value counts.
func ParseTLVs(data []byte) (map[uint16][]byte, error) {
	s := scanner{data: data}
	s.u16()
	values := make(map[uint16][]byte)
	for s.err == nil && len(s.data) > 0 {
		tag := s.u16()
		values[tag] = slices.Clone(s.block16())
	}
	if s.err != nil {
		return nil, fmt.Errorf("read TLVs: %w", s.err)
	}
	return values, nil
}

// The exchange of tickets, wtlogin.exchange_emp.
const (
	ExchangeD2   uint16 = 11 // a new session from a token; answered under the MD5 of the D2 key
	ExchangeSKey uint16 = 15 // a new web key for a running session; answered under the device's tgtgt key
)

// ParseExchange reads the body of a client's exchange_emp.
func ParseExchange(body []byte) (subcommand uint16, values map[uint16][]byte, err error) {
	s := scanner{data: body}
	subcommand = s.u16()
	rest := s.rest()
	if s.err != nil {
		return 0, nil, fmt.Errorf("read exchange: %w", s.err)
	}
	values, err = ParseTLVs(rest)
	return subcommand, values, err
}

// AppendExchange appends the server's answer to an exchange: code 0 with tickets (T119, see Token.Tickets), or a
// refusal without.
func AppendExchange(b []byte, subcommand uint16, code uint8, values ...TLV) []byte {
	b = binary.BigEndian.AppendUint16(b, subcommand)
	return AppendTLVs(append(b, code), values...)
}
