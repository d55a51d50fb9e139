package sso

import (
	"crypto/md5" //nolint:gosec // the protocol's own derivation of keys
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Token is what a client keeps to log in without a password; go-cqhttp calls the file session.token (MiraiGo
// client/client.go, GenToken).
type Token struct {
	Uin         uint64
	D2          []byte // proves the session to the servers
	D2Key       Key    // seals its frames
	TGT         []byte // proves the login
	SRMToken    []byte
	T133        []byte
	EncryptedA1 []byte
	STKey       Key    // seals the answers to login commands
	SessionID   []byte // 4 bytes that go along in every frame
	TGTGTKey    Key    // the device's key; seals device data and renewed web keys
}

// Marshal is the token as a file.
func (t Token) Marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, t.Uin)
	for _, field := range [][]byte{t.D2, t.D2Key[:], t.TGT, t.SRMToken, t.T133, t.EncryptedA1, t.STKey[:], t.SessionID, t.TGTGTKey[:]} {
		b = appendBlock16(b, field)
	}
	return b
}

// ParseToken reads the file. MiraiGo takes keys of any length and fails later; here they must have 16 bytes.
func ParseToken(file []byte) (Token, error) {
	s := scanner{data: file}
	t := Token{Uin: s.u64()}
	t.D2 = slices.Clone(s.block16())
	d2Key := s.block16()
	t.TGT = slices.Clone(s.block16())
	t.SRMToken = slices.Clone(s.block16())
	t.T133 = slices.Clone(s.block16())
	t.EncryptedA1 = slices.Clone(s.block16())
	stKey := s.block16()
	t.SessionID = slices.Clone(s.block16())
	tgtgtKey := s.block16()
	if s.err != nil {
		return Token{}, fmt.Errorf("read token: %w", s.err)
	}
	if len(s.data) > 0 {
		return Token{}, fmt.Errorf("read token: %d bytes too many", len(s.data))
	}
	for _, k := range []struct {
		key   *Key
		bytes []byte
	}{{&t.D2Key, d2Key}, {&t.STKey, stKey}, {&t.TGTGTKey, tgtgtKey}} {
		key, err := KeyFrom(k.bytes)
		if err != nil {
			return Token{}, fmt.Errorf("read token: %w", err)
		}
		*k.key = key
	}
	return t, nil
}

// ExchangeKey seals the tickets that answer ExchangeD2.
func (t Token) ExchangeKey() Key { return md5.Sum(t.D2Key[:]) } //nolint:gosec // the protocol's own derivation of keys

// Profile is what a login tells about the account itself.
type Profile struct {
	Nickname string // at most 255 bytes are told
	Age      uint8
	Gender   uint8 // 0 male, 1 female, 255 unknown
}

// WebKeys are the cookies of a session: the web key, and one more per domain.
type WebKeys struct {
	SKey    []byte
	Domains []string // such as "qun.qq.com"
	PSKey   []byte   // the same for every domain
}

// Tickets is TLV 0x119: everything that a login yields, sealed with key. Left out are 0x113, which MiraiGo prints, and
// 0x546, a proof of work that would occupy the client.
func (t Token) Tickets(key Key, p Profile, w WebKeys) TLV {
	nick := strings.ToValidUTF8(p.Nickname[:min(len(p.Nickname), 255)], "") // not the half of a character
	info := append([]byte{0, 0, p.Age, p.Gender, byte(len(nick))}, nick...)
	domains := binary.BigEndian.AppendUint16(nil, uint16(len(w.Domains)))
	for _, domain := range w.Domains {
		domains = appendBlock16(domains, domain)
		domains = appendBlock16(domains, w.PSKey)
		domains = appendBlock16(domains, "") // pt4 token
	}
	plain := AppendTLVs(
		nil,
		TLV{0x10a, t.TGT},
		TLV{0x143, t.D2},
		TLV{0x305, t.D2Key[:]},
		TLV{0x134, t.STKey[:]},
		TLV{0x16a, t.SRMToken},
		TLV{0x133, t.T133},
		TLV{0x106, t.EncryptedA1},
		TLV{0x11a, info},
		TLV{0x120, w.SKey},
		TLV{0x512, domains},
	)
	return TLV{0x119, key.Seal(plain)}
}
