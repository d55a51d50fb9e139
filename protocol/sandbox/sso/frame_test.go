package sso

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadFrameByteByByte(t *testing.T) {
	var stream []byte
	for i := range 3 {
		stream = Request{Kind: Simple, Seq: uint32(i), Uin: 10001, Command: "A.b", Payload: make([]byte, i*1000)}.Append(stream, Key{})
	}
	r := iotest.OneByteReader(bytes.NewReader(stream))
	for i := range 3 {
		frame, err := ReadFrame(r)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseRequest(frame, nil); err != nil || q.Seq != uint32(i) || len(q.Payload) != i*1000 {
			t.Errorf("frame %d: seq %d, %d bytes, %v", i, q.Seq, len(q.Payload), err)
		}
	}
	if _, err := ReadFrame(r); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v", err)
	}
}

// A stream that ends within a frame must not look like one that ends between two.
func TestReadFrameCutAtEveryByte(t *testing.T) {
	frame := unhex(t, goldenRequest)
	for n := 1; n < len(frame); n++ {
		if _, err := ReadFrame(bytes.NewReader(frame[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func TestReadFrameRefusesLengths(t *testing.T) {
	for _, n := range []uint32{0, 3, MaxFrame + 1, 1<<32 - 1} {
		if _, err := ReadFrame(bytes.NewReader(binary.BigEndian.AppendUint32(nil, n))); err == nil || !strings.Contains(err.Error(), "length") {
			t.Errorf("length %d: %v", n, err)
		}
	}
}

// Every way in which a frame can be sealed comes back whole, and a cut frame is an error and nothing worse.
func TestRequestRoundTrip(t *testing.T) {
	key := Key(ascending(16))
	keyOf := func(uin int64) (Key, bool) { return key, uin == 10001 }
	for _, q := range []Request{
		{Kind: Simple, Encryption: ByD2Key, Seq: 9, Uin: 10001, Command: "A.b", SessionID: []byte{1, 2, 3, 4}, Payload: []byte("x")},
		{Kind: Simple, Encryption: ByZeroKey, Seq: 9, Uin: 5, Command: "A.b", Payload: []byte{}},
		{Kind: Login, Encryption: ByD2Key, Seq: 1 << 31, Uin: 10001, D2: []byte("d2"), TGT: []byte("tgt"), Command: "StatSvc.register", Payload: []byte("y")},
		{Kind: Login, Encryption: ByZeroKey, Seq: 9, Uin: 10001, TGT: []byte("tgt"), Command: "wtlogin.x", Payload: ascending(99)},
		{Kind: Login, Encryption: Plain, Seq: 9, Uin: 10001, Command: "Heartbeat.Alive"},
	} {
		frame := q.Append(nil, key)[4:]
		got, err := ParseRequest(frame, keyOf)
		if err != nil {
			t.Fatalf("%s: %v", q.Command, err)
		}
		if got.Kind != q.Kind || got.Encryption != q.Encryption || got.Seq != q.Seq || got.Uin != q.Uin || got.Command != q.Command ||
			!bytes.Equal(got.D2, q.D2) || !bytes.Equal(got.TGT, q.TGT) || !bytes.Equal(got.Payload, q.Payload) {
			t.Errorf("got %+v, want %+v", got, q)
		}
		for n := range frame {
			if q, err := ParseRequest(frame[:n], keyOf); err == nil {
				t.Errorf("cut at %d of %d: %+v", n, len(frame), q)
			}
		}
	}
}

func TestRequestOfUnknownAccount(t *testing.T) {
	frame := Request{Kind: Simple, Encryption: ByD2Key, Seq: 77, Uin: 4, Command: "A.b"}.Append(nil, Key{})[4:]
	q, err := ParseRequest(frame, func(int64) (Key, bool) { return Key{}, false })
	if !errors.Is(err, ErrUnknownAccount) || q.Seq != 77 || q.Uin != 4 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestRequestRefuses(t *testing.T) {
	good := unhex(t, goldenRequest)[4:]
	for name, change := range map[string]func([]byte){
		"kind":       func(b []byte) { b[3] = 9 },
		"encryption": func(b []byte) { b[4] = 3 },
		"uin":        func(b []byte) { b[14] = 'x' },
		"lengths":    func(b []byte) { b[10] = 0xFF },
	} {
		frame := bytes.Clone(good)
		change(frame)
		if q, err := ParseRequest(frame, nil); err == nil {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

func TestResponseRoundTrip(t *testing.T) {
	key := Key(ascending(16))
	for _, e := range []Encryption{Plain, ByD2Key, ByZeroKey} {
		want := Response{Encryption: e, Seq: 3, Uin: 10001, Command: "A.b", SessionID: []byte{1}, Payload: ascending(50)}
		frame := want.Append(nil, key)[4:]
		got, err := ParseResponse(frame, key)
		if err != nil || got.Seq != 3 || got.Command != "A.b" || !bytes.Equal(got.Payload, want.Payload) || got.Encryption != e {
			t.Errorf("encryption %d: %+v, %v", e, got, err)
		}
		for n := range frame {
			if got, err := ParseResponse(frame[:n], key); err == nil {
				t.Errorf("cut at %d of %d: %+v", n, len(frame), got)
			}
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	key := Key(ascending(16))
	f.Add(unhex(f, goldenRequest)[4:])
	f.Add(unhex(f, goldenLogin)[4:])
	f.Add(Request{Kind: Login, Encryption: ByD2Key, Uin: 1, Command: "c", Payload: ascending(20)}.Append(nil, key)[4:])
	f.Add([]byte{0, 0, 0, 0xB, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, frame []byte) {
		q, err := ParseRequest(frame, func(int64) (Key, bool) { return key, true })
		if err != nil {
			return
		}
		again, err := ParseRequest(q.Append(nil, key)[4:], func(int64) (Key, bool) { return key, true })
		if err != nil || again.Command != q.Command || again.Seq != q.Seq || !bytes.Equal(again.Payload, q.Payload) {
			t.Fatalf("%+v -> %+v, %v", q, again, err)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	f.Add(unhex(f, goldenResponse)[4:])
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := ParseResponse(frame, Key{})
		if err != nil {
			return
		}
		again, err := ParseResponse(r.Append(nil, Key{})[4:], Key{})
		if err != nil || again.Code != r.Code || !bytes.Equal(again.Payload, r.Payload) {
			t.Fatalf("%+v -> %+v, %v", r, again, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(Key{}.Seal([]byte("x")))
	f.Add(make([]byte, 16))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := (Key{}).Open(sealed); err == nil && len(plain) > len(sealed)-10 {
			t.Fatalf("%d bytes open to %d", len(sealed), len(plain))
		}
	})
}
