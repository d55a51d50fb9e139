package sso

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/Mrs4s/MiraiGo/binary/jce"
)

var numbers = []int64{0, 1, 127, 128, 255, 32767, 32768, 65535, 1 << 24, math.MaxInt32, math.MaxUint32, math.MaxInt64}

// What the Writer writes, MiraiGo's reader and ours must read alike.
func TestWriterAgainstMiraiGo(t *testing.T) {
	long := strings.Repeat("长", 200)
	for _, n := range numbers {
		var item, w Writer
		item.Int(0, n).String(4, long)
		w.Int(0, n).Byte(1, byte(n)).String(2, "short").String(3, long).Bytes(4, []byte{1, 2}).Structs(5, []*Writer{&item, &item})
		w.BytesList(17, [][]byte{{7}, {}}).Int(200, n)

		r := jce.NewJceReader(append(w.Body(), jceEnd))
		if got := r.ReadInt64(0); got != n {
			t.Errorf("MiraiGo reads %d as %d", n, got)
		}
		b, short, text, raw := r.ReadByte(1), r.ReadString(2), r.ReadString(3), r.ReadBytes(4)
		if b != byte(n) || short != "short" || text != long || !bytes.Equal(raw, []byte{1, 2}) {
			t.Errorf("MiraiGo reads %d, %q, %q, %x", b, short, text, raw)
		}
		if groups := r.ReadTroopNumbers(5); len(groups) != 2 || groups[1].GroupUin != n || groups[1].GroupName != long {
			t.Errorf("MiraiGo reads %+v", groups)
		}
		if list, last := r.ReadByteArrArr(17), r.ReadInt64(200); len(list) != 2 || list[0][0] != 7 || last != n {
			t.Errorf("MiraiGo reads %x and %d", list, last)
		}

		s, err := ParseStruct(w.Body())
		if err != nil {
			t.Fatal(err)
		}
		if s.Int(0) != n || s.String(3) != long || len(s.Structs(5)) != 2 || s.Structs(5)[1].Int(0) != n || s.Int(200) != n ||
			!bytes.Equal(s.Bytes(4), []byte{1, 2}) {
			t.Errorf("%d: %v", n, s)
		}
	}
}

// What MiraiGo's writer writes, our reader must read.
func TestReaderAgainstMiraiGo(t *testing.T) {
	request := jce.SvcReqRegister{Uin: math.MaxUint32, Status: 11, Other: "o", B769: []byte{1, 2}, ExtOnlineStatus: -1000, NewSSOIp: 31806887127679168}
	data := jce.RequestDataVersion3{Map: map[string][]byte{"SvcReqRegister": append(append([]byte{jceStruct}, request.ToBytes()...), jceEnd)}}
	packet := jce.RequestPacket{IVersion: 3, SBuffer: data.ToBytes(), Context: map[string]string{"a": "b"}}
	s, err := OpenEnvelope3(packet.ToBytes(), "SvcReqRegister")
	if err != nil {
		t.Fatal(err)
	}
	if s.Int(0) != math.MaxUint32 || s.Int(4) != 11 || s.String(3) != "o" || s.Int(27) != 31806887127679168 || s.Int(38) != -1000 ||
		!bytes.Equal(s.Bytes(33), []byte{1, 2}) {
		t.Errorf("%v", s)
	}
	if _, err := OpenEnvelope3(packet.ToBytes(), "Other"); !errors.Is(err, ErrNoPart) {
		t.Errorf("another part: %v", err)
	}
}

func TestStructMap(t *testing.T) {
	var one, two, w Writer
	s, err := ParseStruct(w.StructMap(2, []int64{1, 300}, []*Writer{one.Int(0, 5), two.Int(0, 6)}).Body())
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Map(2)[int64(300)].(Struct); !ok || got.Int(0) != 6 {
		t.Errorf("%v", s)
	}
}

func TestEnvelope2(t *testing.T) {
	var body Writer
	packet := Envelope2("s", "f", "part", "its.Type", body.String(2, "x"))
	if s, err := OpenEnvelope2(packet, "part", "its.Type"); err != nil || s.String(2) != "x" {
		t.Errorf("%v, %v", s, err)
	}
	for _, wrong := range [][2]string{{"part", "other"}, {"other", "its.Type"}} {
		if _, err := OpenEnvelope2(packet, wrong[0], wrong[1]); !errors.Is(err, ErrNoPart) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestStructRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"unknown type":      "0e",
		"cut number":        "02 0000",
		"cut text":          "06 05 61",
		"huge text":         "07 ffffffff",
		"huge list":         "09 02 7fffffff",
		"negative list":     "09 00 ff",
		"list without size": "09 06 01 61",
		"key of bytes":      "08 00 01 0d 00 00 01 61 1c",
		"nested":            strings.Repeat("0a", 30),
		"nested lists":      strings.Repeat("09 00 01", 30),
		"cut bytes":         "0d 00 00 05 61",
		"cut head":          "f0",
	} {
		if s, err := ParseStruct(unhex(t, data)); !errors.Is(err, ErrJCE) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestAbsentValuesAreZero(t *testing.T) {
	var s Struct
	if s.Int(1) != 0 || s.String(1) != "" || s.Bytes(1) != nil || s.Map(1) != nil || len(s.Structs(1)) != 0 {
		t.Error("an absent value is not zero")
	}
}

func TestOIDB(t *testing.T) {
	b, err := OIDB{Command: 0x88d}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, "08 8d11 18 00 22 00"); !bytes.Equal(b, want) {
		t.Errorf("%x, want %x: result and body must be there", b, want)
	}
	if o, err := ParseOIDB(b); err != nil || o.Command != 0x88d || o.Result.IsNone() {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := ParseOIDB([]byte{0x08}); err == nil {
		t.Error("half a field was read")
	}
}

func FuzzOpenEnvelope(f *testing.F) {
	var body Writer
	f.Add(unhex(f, goldenEnvelope))
	f.Add(Envelope2("s", "f", "part", "type", body.Int(0, 1)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if s, err := OpenEnvelope3(packet, "K"); err == nil && s == nil {
			t.Fatal("neither part nor error")
		}
		if s, err := OpenEnvelope2(packet, "part", "type"); err == nil && s == nil {
			t.Fatal("neither part nor error")
		}
		if o, err := ParseOIDB(packet); err == nil {
			if _, err := o.Marshal(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
