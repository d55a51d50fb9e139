package sso

import (
	"errors"
	"fmt"
	"math"
)

// Types of JCE values on the wire (MiraiGo binary/jce/writer.go).
const (
	jceByte    = 0
	jceInt16   = 1
	jceInt32   = 2
	jceInt64   = 3
	jceFloat32 = 4
	jceFloat64 = 5
	jceString1 = 6 // length in one byte
	jceString4 = 7 // length in four bytes
	jceMap     = 8
	jceList    = 9
	jceStruct  = 10
	jceEnd     = 11 // of a struct
	jceZero    = 12
	jceBytes   = 13
)

// jceDepth bounds how deep values are nested; QQ's own need four levels.
const jceDepth = 16

// ErrJCE says that data is not JCE.
var ErrJCE = errors.New("data is not JCE")

// Struct is a JCE structure: values by tag. An absent value reads as zero, as JCE leaves out nothing but defaults. The
// values are int64, float64, string, []byte, []any, map[any]any and Struct.
type Struct map[uint8]any

// Int is the integer with this tag, 0 if there is none.
func (s Struct) Int(tag uint8) int64 {
	n, _ := s[tag].(int64)
	return n
}

// Byte is the unsigned byte with this tag, 0 if there is none.
func (s Struct) Byte(tag uint8) uint8 { return uint8(s.Int(tag)) }

// String is the string with this tag, "" if there is none.
func (s Struct) String(tag uint8) string {
	text, _ := s[tag].(string)
	return text
}

// Bytes are the bytes with this tag, nil if there are none.
func (s Struct) Bytes(tag uint8) []byte {
	b, _ := s[tag].([]byte)
	return b
}

// Map is the map with this tag, nil if there is none.
func (s Struct) Map(tag uint8) map[any]any {
	m, _ := s[tag].(map[any]any)
	return m
}

// Structs are the structures in the list with this tag.
func (s Struct) Structs(tag uint8) []Struct {
	list, _ := s[tag].([]any)
	structs := make([]Struct, 0, len(list))
	for _, item := range list {
		if member, ok := item.(Struct); ok {
			structs = append(structs, member)
		}
	}
	return structs
}

// ParseStruct reads the values of a structure that fills data: one without the marks of its begin and end, or with both.
func ParseStruct(data []byte) (Struct, error) {
	r := jceReader{scanner{data: data}}
	if len(data) > 0 && data[0] == jceStruct {
		r.u8()
	}
	s := r.fields(0)
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJCE, r.err)
	}
	return s, nil
}

type jceReader struct{ scanner }

func (r *jceReader) head() (kind, tag uint8) {
	b := r.u8()
	kind, tag = b&0xF, b>>4
	if tag == 0xF {
		tag = r.u8()
	}
	return kind, tag
}

// fields reads to the end of the structure, or of the data.
func (r *jceReader) fields(depth int) Struct {
	s := Struct{}
	for r.err == nil && len(r.data) > 0 {
		kind, tag := r.head()
		if kind == jceEnd {
			break
		}
		s[tag] = r.value(kind, depth)
	}
	return s
}

func (r *jceReader) value(kind uint8, depth int) any {
	if depth > jceDepth {
		r.fail("it is nested too deep")
		return nil
	}
	switch kind {
	case jceZero:
		return int64(0)
	case jceByte:
		return int64(int8(r.u8()))
	case jceInt16:
		return int64(int16(r.u16()))
	case jceInt32:
		return int64(int32(r.u32()))
	case jceInt64:
		return int64(r.u64())
	case jceFloat32:
		return float64(math.Float32frombits(r.u32()))
	case jceFloat64:
		return math.Float64frombits(r.u64())
	case jceString1:
		return string(r.bytes(int(r.u8())))
	case jceString4:
		return string(r.bytes(int(r.u32())))
	case jceMap:
		return r.table(depth)
	case jceList:
		return r.list(depth)
	case jceStruct:
		return r.fields(depth + 1)
	case jceBytes:
		r.head() // the type of the elements, always byte
		return append([]byte{}, r.bytes(r.count())...)
	default:
		r.fail(fmt.Sprintf("type %d is unknown", kind))
		return nil
	}
}

// count reads the number of elements of what follows. Every element takes a byte at least, which keeps a lie from
// costing memory.
func (r *jceReader) count() int {
	kind, _ := r.head()
	if kind > jceInt32 && kind != jceZero {
		r.fail("a count is not a number")
		return 0
	}
	n, _ := r.value(kind, 0).(int64)
	if n < 0 || n > int64(len(r.data)) {
		r.fail(fmt.Sprintf("%d elements in %d bytes", n, len(r.data)))
		return 0
	}
	return int(n)
}

func (r *jceReader) list(depth int) []any {
	var list []any
	for range r.count() {
		if r.err != nil {
			break
		}
		kind, _ := r.head()
		list = append(list, r.value(kind, depth+1))
	}
	return list
}

func (r *jceReader) table(depth int) map[any]any {
	table := map[any]any{}
	for range r.count() {
		if r.err != nil {
			break
		}
		kind, _ := r.head()
		key := r.value(kind, depth+1)
		switch key.(type) {
		case string, int64:
		default:
			r.fail("a key is neither text nor a number")
		}
		kind, _ = r.head()
		value := r.value(kind, depth+1)
		if r.err == nil {
			table[key] = value
		}
	}
	return table
}

func (r *jceReader) fail(why string) {
	if r.err == nil {
		r.err = errors.New(why)
	}
}
