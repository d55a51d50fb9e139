package sso

import (
	"encoding/binary"
	"math"
)

// Writer builds a JCE structure. Values must be written in the order of their tags, because readers skip forwards only.
type Writer struct{ buf []byte }

// Body is the structure without the marks of its begin and end.
func (w *Writer) Body() []byte { return w.buf }

func (w *Writer) head(kind, tag uint8) {
	if tag < 0xF {
		w.buf = append(w.buf, tag<<4|kind)
		return
	}
	w.buf = append(w.buf, 0xF0|kind, tag)
}

// Int writes an integer in the fewest bytes that hold it.
func (w *Writer) Int(tag uint8, n int64) *Writer {
	switch {
	case n == 0:
		w.head(jceZero, tag)
	// MiraiGo reads one and four byte integers as unsigned (binary/jce/reader.go), so that the widths begin at the sign.
	case n >= 0 && n <= math.MaxInt8:
		w.head(jceByte, tag)
		w.buf = append(w.buf, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		w.head(jceInt16, tag)
		w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(n))
	case n >= 0 && n <= math.MaxInt32:
		w.head(jceInt32, tag)
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(n))
	default:
		w.head(jceInt64, tag)
		w.buf = binary.BigEndian.AppendUint64(w.buf, uint64(n))
	}
	return w
}

// Byte writes a value that its reader takes for an unsigned byte and for nothing else.
func (w *Writer) Byte(tag, b uint8) *Writer {
	if b == 0 {
		w.head(jceZero, tag)
		return w
	}
	w.head(jceByte, tag)
	w.buf = append(w.buf, b)
	return w
}

// String writes text.
func (w *Writer) String(tag uint8, text string) *Writer {
	if len(text) <= math.MaxUint8 {
		w.head(jceString1, tag)
		w.buf = append(w.buf, byte(len(text)))
	} else {
		w.head(jceString4, tag)
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(len(text)))
	}
	w.buf = append(w.buf, text...)
	return w
}

// Bytes writes bytes.
func (w *Writer) Bytes(tag uint8, b []byte) *Writer {
	w.head(jceBytes, tag)
	w.head(jceByte, 0)
	w.Int(0, int64(len(b)))
	w.buf = append(w.buf, b...)
	return w
}

// Struct writes a structure.
func (w *Writer) Struct(tag uint8, s *Writer) *Writer {
	w.head(jceStruct, tag)
	w.buf = append(w.buf, s.buf...)
	w.head(jceEnd, 0)
	return w
}

// Structs writes a list of structures.
func (w *Writer) Structs(tag uint8, list []*Writer) *Writer {
	w.head(jceList, tag)
	w.Int(0, int64(len(list)))
	for _, s := range list {
		w.Struct(0, s)
	}
	return w
}

// BytesList writes a list of byte strings.
func (w *Writer) BytesList(tag uint8, list [][]byte) *Writer {
	w.head(jceList, tag)
	w.Int(0, int64(len(list)))
	for _, b := range list {
		w.Bytes(0, b)
	}
	return w
}

// StructMap writes a map from numbers to structures; keys and values belong together by their position.
func (w *Writer) StructMap(tag uint8, keys []int64, values []*Writer) *Writer {
	w.head(jceMap, tag)
	w.Int(0, int64(len(keys)))
	for i, key := range keys {
		w.Int(0, key)
		w.Struct(1, values[i])
	}
	return w
}

// mapOf writes a map with one entry, the only kind that envelopes have, whose value fill writes under tag 1.
func (w *Writer) mapOf(tag uint8, key string, fill func(*Writer)) {
	w.head(jceMap, tag)
	w.Int(0, 1)
	w.String(0, key)
	fill(w)
}
