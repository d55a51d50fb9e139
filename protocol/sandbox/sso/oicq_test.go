package sso

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"testing"
)

func TestOICQ(t *testing.T) {
	server, client := newKey(t), newKey(t)
	share, err := ShareKey(client, server.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	random := Key(ascending(16))
	for _, c := range []struct {
		method Method
		key    Key
	}{{ByECDH, share}, {ByTicket, random}} {
		sent := OICQ{Command: 0x0810, Uin: 10001, Method: c.method, RandomKey: random, PublicKey: client.PublicKey().Bytes()}
		packet := sent.Request(c.key, []byte("body"))
		got, err := ParseOICQ(packet)
		if err != nil || got.Command != 0x0810 || got.Uin != 10001 || got.Method != c.method || got.RandomKey != random {
			t.Fatalf("%#x: %+v, %v", c.method, got, err)
		}
		key := got.RandomKey
		if c.method == ByECDH {
			if key, err = got.ShareKey(server); err != nil {
				t.Fatal(err)
			}
		}
		if body, err := got.Open(key); err != nil || string(body) != "body" {
			t.Errorf("%#x: %q, %v", c.method, body, err)
		}
		for n := range packet {
			if got, err := ParseOICQ(packet[:n]); err == nil {
				t.Errorf("cut at %d of %d: %+v", n, len(packet), got)
			}
		}
	}
}

func TestOICQResponse(t *testing.T) {
	share, ticket := Key{1}, Key{2}
	for method, key := range map[Method]Key{ByShareKey: share, ByTicketKey: ticket} {
		packet := OICQ{Command: 0x0810, Uin: 1}.Response(method, key, []byte("answer"))
		if body, err := ParseOICQResponse(packet, share, ticket); err != nil || string(body) != "answer" {
			t.Errorf("method %d: %q, %v", method, body, err)
		}
	}
	if _, err := ParseOICQResponse(OICQ{}.Response(7, share, nil), share, ticket); err == nil {
		t.Error("method 7 was read")
	}
	if _, err := ParseOICQResponse([]byte{2, 0}, share, ticket); !errors.Is(err, ErrShort) {
		t.Errorf("two bytes: %v", err)
	}
}

func TestShareKeyRefusesPoints(t *testing.T) {
	if _, err := ShareKey(newKey(t), []byte("not a point")); !errors.Is(err, ErrNotP256) {
		t.Error(err)
	}
}

func TestTickets(t *testing.T) {
	token, err := ParseToken(unhex(t, goldenToken))
	if err != nil {
		t.Fatal(err)
	}
	key := token.ExchangeKey()
	sealed := token.Tickets(key, Profile{Nickname: "小明", Age: 20, Gender: 1}, WebKeys{SKey: []byte("@s"), Domains: []string{"qun.qq.com"}, PSKey: []byte("p")})
	answer := AppendExchange(nil, ExchangeD2, 0, sealed)
	if answer[0] != 0 || answer[1] != 11 || answer[2] != 0 {
		t.Errorf("head = %x", answer[:3])
	}
	outer, err := ParseTLVs(answer[3:])
	if err != nil {
		t.Fatal(err)
	}
	plain, err := key.Open(outer[0x119])
	if err != nil {
		t.Fatal(err)
	}
	tickets, err := ParseTLVs(plain)
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[uint16][]byte{
		0x10a: token.TGT, 0x143: token.D2, 0x305: token.D2Key[:], 0x134: token.STKey[:], 0x120: []byte("@s"),
		0x11a: append([]byte{0, 0, 20, 1, 6}, "小明"...),
		0x512: []byte("\x00\x01\x00\x0aqun.qq.com\x00\x01p\x00\x00"),
	} {
		if !bytes.Equal(tickets[tag], want) {
			t.Errorf("%#x = %x, want %x", tag, tickets[tag], want)
		}
	}
}

func TestTicketsCutLongNames(t *testing.T) {
	long := append([]byte("a"), bytes.Repeat([]byte("名"), 100)...)
	plain, err := Key{}.Open(Token{}.Tickets(Key{}, Profile{Nickname: string(long)}, WebKeys{}).Value)
	if err != nil {
		t.Fatal(err)
	}
	tickets, err := ParseTLVs(plain)
	if err != nil {
		t.Fatal(err)
	}
	if info := tickets[0x11a]; info[4] != 253 || !bytes.Equal(info[5:], long[:253]) {
		t.Errorf("%d bytes of name: %x", info[4], info[5:])
	}
}

func TestTLVsCutAnywhere(t *testing.T) {
	data := AppendTLVs(nil, TLV{1, []byte("one")}, TLV{2, nil})
	for n := range data {
		values, err := ParseTLVs(data[:n])
		if whole := n == 2 || n == 2+4+3; (err == nil) != whole {
			t.Errorf("cut at %d: %v, %v", n, values, err)
		}
	}
}

func TestTokenCutAnywhere(t *testing.T) {
	file := unhex(t, goldenToken)
	for n := range file {
		if token, err := ParseToken(file[:n]); err == nil {
			t.Errorf("cut at %d: %+v", n, token)
		}
	}
	if _, err := ParseToken(append(file, 0)); err == nil {
		t.Error("a byte too many was read")
	}
}

func FuzzParseOICQ(f *testing.F) {
	f.Add(OICQ{Method: ByTicket}.Request(Key{}, []byte("x")))
	f.Add(OICQ{Method: ByECDH, PublicKey: make([]byte, 65)}.Request(Key{}, nil))
	server := newKey(f)
	f.Fuzz(func(t *testing.T, packet []byte) {
		o, err := ParseOICQ(packet)
		if err != nil {
			return
		}
		if key, err := o.ShareKey(server); err == nil && key == (Key{}) {
			t.Fatal("agreed on the zero key")
		}
		if body, err := o.Open(o.RandomKey); err == nil {
			if _, values, err := ParseExchange(body); err == nil && values == nil {
				t.Fatal("an exchange without values")
			}
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(unhex(f, goldenToken))
	f.Fuzz(func(t *testing.T, file []byte) {
		if token, err := ParseToken(file); err == nil && !bytes.Equal(token.Marshal(), file) {
			t.Fatalf("%x -> %x", file, token.Marshal())
		}
	})
}

func newKey(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What the decoders return outlives the buffer that they read from, but for what their documentation names.
func TestResultsDoNotShareMemory(t *testing.T) {
	packet := OICQ{Command: 0x0810, Uin: 1}.Response(ByShareKey, Key{1}, []byte("body"))
	var structure Writer
	structure.Bytes(0, []byte("body"))
	oidb, err := OIDB{Body: []byte("body")}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		input []byte
		parse func([]byte) ([]byte, error)
	}{
		"oicq response": {packet, func(b []byte) ([]byte, error) { return ParseOICQResponse(b, Key{1}, Key{}) }},
		"TEA":           {Key{}.Seal([]byte("body")), Key{}.Open},
		"token":         {Token{SessionID: []byte("body")}.Marshal(), func(b []byte) ([]byte, error) { t, err := ParseToken(b); return t.SessionID, err }},
		"TLVs":          {AppendTLVs(nil, TLV{7, []byte("body")}), func(b []byte) ([]byte, error) { values, err := ParseTLVs(b); return values[7], err }},
		"JCE":           {structure.Body(), func(b []byte) ([]byte, error) { s, err := ParseStruct(b); return s.Bytes(0), err }},
		"OIDB":          {oidb, func(b []byte) ([]byte, error) { o, err := ParseOIDB(b); return o.Body, err }},
	} {
		got, err := c.parse(c.input)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		clear(c.input)
		if string(got) != "body" {
			t.Errorf("%s: %q after the input was overwritten", name, got)
		}
	}
}
