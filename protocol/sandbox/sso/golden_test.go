package sso

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex reads hex in which blanks stand between the fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ascending(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// The cipher is MiraiGo's own, which its client uses too: a mistake in it would cancel itself out. These vectors come
// from an independent implementation written after the cipher's description.
func TestGoldenTEA(t *testing.T) {
	key := Key(ascending(16))
	for _, c := range []struct {
		name   string
		key    Key
		plain  []byte
		sealed string
	}{
		{"text", key, []byte("echogate"), "1ac2675390c20356 e7ac88a7aa16d0df 36745d33ded18283"},
		{"nothing, zero key", Key{}, []byte{}, "4e9e9883a001873b e1fa7f99cddbefa0"},
		{"several blocks", key, ascending(23), "82bffc74669f2c1f 172dbf82db2c10d9 7095f8b631570115 f4ffaaf0d9041e65 f41ebe83d2e79bea"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := unhex(t, c.sealed)
			if got := c.key.Seal(c.plain); !bytes.Equal(got, want) {
				t.Errorf("seal: %x, want %x", got, want)
			}
			if got, err := c.key.Open(want); err != nil || !bytes.Equal(got, c.plain) {
				t.Errorf("open: %x, %v, want %x", got, err, c.plain)
			}
		})
	}
}

// Frames put together by hand from miraigo's transport.go and response.go.
const (
	goldenRequest = `00000034 0000000b 00 00000007 00 00000009 3130303031
		00000017 00000007 412e62 00000008 02b05b8b 00000004
		00000006 0102`
	goldenLogin = `0000005b 0000000a 00 00000004 00 00000009 3130303031
		0000003f 00000007 00000000 00000000 000000000000000000000000 00000006 aabb 00000007 412e62 00000008 02b05b8b
		00000004 00000004 0002 00000004
		00000005 09`
	goldenResponse = `00000038 0000000b 00 00 00000009 3130303031
		0000001f ffffb1e0 ffffd8e8 00000004 00000007 412e62 00000004 00000000
		00000006 0102`
)

func TestGoldenRequest(t *testing.T) {
	want := Request{Kind: Simple, Seq: 7, Uin: 10001, Command: "A.b", SessionID: []byte{0x02, 0xB0, 0x5B, 0x8B}, Payload: []byte{1, 2}}
	checkRequest(t, unhex(t, goldenRequest), want)
	want = Request{
		Kind: Login, Seq: 7, Uin: 10001, TGT: []byte{0xAA, 0xBB}, Command: "A.b", SessionID: []byte{0x02, 0xB0, 0x5B, 0x8B}, Payload: []byte{9},
	}
	checkRequest(t, unhex(t, goldenLogin), want)
}

func checkRequest(t *testing.T, frame []byte, want Request) {
	t.Helper()
	if got := want.Append(nil, Key{}); !bytes.Equal(got, frame) {
		t.Errorf("append: %x\nwant    %x", got, frame)
	}
	raw, err := ReadFrame(bytes.NewReader(frame))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRequest(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != want.Kind || got.Seq != want.Seq || got.Uin != want.Uin || got.Command != want.Command ||
		!bytes.Equal(got.TGT, want.TGT) || !bytes.Equal(got.SessionID, want.SessionID) || !bytes.Equal(got.Payload, want.Payload) {
		t.Errorf("parse: %+v, want %+v", got, want)
	}
}

func TestGoldenResponse(t *testing.T) {
	frame := unhex(t, goldenResponse)
	want := Response{Seq: 0xFFFFB1E0, Uin: 10001, Code: CodeExpired, Command: "A.b", Payload: []byte{1, 2}}
	if got := want.Append(nil, Key{}); !bytes.Equal(got, frame) {
		t.Errorf("append: %x\nwant    %x", got, frame)
	}
	got, err := ParseResponse(frame[4:], Key{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Seq != want.Seq || got.Uin != want.Uin || got.Code != want.Code || got.Command != want.Command || !bytes.Equal(got.Payload, want.Payload) {
		t.Errorf("parse: %+v, want %+v", got, want)
	}
}

const goldenToken = `0000000000002711 0002 d2d2 0010 000102030405060708090a0b0c0d0e0f 0003 747478
	0001 05 0001 33 0000 0010 101112131415161718191a1b1c1d1e1f 0004 02b05b8b 0010 202122232425262728292a2b2c2d2e2f`

func TestGoldenToken(t *testing.T) {
	file := unhex(t, goldenToken)
	token, err := ParseToken(file)
	if err != nil {
		t.Fatal(err)
	}
	if token.Uin != 10001 || string(token.TGT) != "ttx" || token.D2Key != Key(ascending(16)) || token.STKey[0] != 0x10 || token.TGTGTKey[15] != 0x2F ||
		len(token.EncryptedA1) != 0 || !bytes.Equal(token.SessionID, []byte{0x02, 0xB0, 0x5B, 0x8B}) {
		t.Errorf("token = %+v", token)
	}
	if got := token.Marshal(); !bytes.Equal(got, file) {
		t.Errorf("marshal: %x\nwant     %x", got, file)
	}
}

// A JCE packet put together by hand: tag 1 = 3, tags 2 to 4 zero, 5 and 6 texts, 7 the map {"K": struct{0: 5}}, 8 zero,
// 9 and 10 empty maps.
const goldenEnvelope = `10 03 2c 3c 4c 56 01 73 66 01 66
	7d 00 00 0e 08 00 01 06 01 4b 1d 00 00 04 0a 00 05 0b
	8c 98 0c a8 0c`

func TestGoldenEnvelope(t *testing.T) {
	var body Writer
	packet := unhex(t, goldenEnvelope)
	if got := Envelope3("s", "f", "K", body.Int(0, 5)); !bytes.Equal(got, packet) {
		t.Errorf("envelope: %x\nwant      %x", got, packet)
	}
	part, err := OpenEnvelope3(packet, "K")
	if err != nil || part.Int(0) != 5 {
		t.Errorf("part = %v, %v", part, err)
	}
}
