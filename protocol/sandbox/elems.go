package sandbox

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
)

// Kinds of [message.Unknown] segments in which the sandbox keeps what it does not model. Each has one data member,
// "hex", with the bytes as the client sent them, and goes out to other clients unchanged.
const (
	KindElem  = "elem"  // an element, msg.Elem
	KindVoice = "voice" // a voice, msg.Ptt
	KindFile  = "file"  // an offline file, msg.NotOnlineFile
)

const (
	commonFace    = 33  // service type of the element that holds faces from newFaces on (MiraiGo message/pack.go)
	newFaces      = 260 // lower faces have an element of their own
	atHead        = 11  // bytes of a mention's attributes up to the end of the number
	everybody     = "全体成员"
	afterMention  = " "
	quoteNestings = 4 // quotes within quotes that are followed
)

// decodeElems is what a client's message says.
//
// MiraiGo puts a text of one space behind every mention, as a phone does when its user picks a name. It is dropped here
// and added in encodeElems, so that a message is in the World exactly what its sender wrote, and two clients that write
// the same mean the same.
func decodeElems(rich *wireRichText) (message.Message, error) {
	if rich == nil {
		return nil, nil
	}
	body, err := decodeList(rich.Elems, 0)
	if err != nil {
		return nil, err
	}
	for _, rest := range []struct {
		kind string
		data []byte
	}{{KindFile, rich.File}, {KindVoice, rich.Voice}} {
		if rest.data != nil {
			body = append(body, unknown(rest.kind, rest.data))
		}
	}
	return body, nil
}

func decodeList(elems [][]byte, depth int) (message.Message, error) {
	var body message.Message
	mentioned := false
	for _, raw := range elems {
		var e wireElem
		if err := proto.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("read element: %w", err)
		}
		segment, err := e.segment(raw, depth)
		if err != nil {
			return nil, err
		}
		text, isText := segment.(message.Text)
		nothing := isText && (text.Text == "" || mentioned && text.Text == afterMention)
		if !nothing {
			body = append(body, segment)
		}
		_, mentioned = segment.(message.At)
	}
	return body, nil
}

func (e *wireElem) segment(raw []byte, depth int) (message.Segment, error) {
	switch {
	case e.Text != nil && len(e.Text.Attr6Buf) >= atHead:
		uin := binary.BigEndian.Uint32(e.Text.Attr6Buf[atHead-4:])
		if uin == 0 {
			return message.At{All: true}, nil
		}
		return message.At{UserID: int64(uin), Name: strings.TrimPrefix(e.Text.Str.Unwrap(), "@")}, nil
	case e.Text != nil && len(e.Text.PbReserve) == 0 && len(e.Text.Attr6Buf) == 0:
		return message.Text{Text: strings.ToValidUTF8(e.Text.Str.Unwrap(), "\uFFFD")}, nil
	case e.Face != nil:
		return message.Face{ID: int(e.Face.Index.Unwrap())}, nil
	case e.Common != nil && e.Common.ServiceType.Unwrap() == commonFace:
		var face msg.MsgElemInfoServtype33
		if err := proto.Unmarshal(e.Common.PbElem, &face); err != nil {
			return nil, fmt.Errorf("read face: %w", err)
		}
		return message.Face{ID: int(face.Index.Unwrap())}, nil
	case e.Quote != nil && len(e.Quote.Seqs) > 0 && depth < quoteNestings:
		shown, err := decodeList(e.Quote.Elems, depth+1)
		if err != nil {
			return nil, fmt.Errorf("read quote: %w", err)
		}
		return message.Reply{Quote: message.Quote{
			Seq: uint32(e.Quote.Seqs[0]), Sender: e.Quote.Sender.Unwrap(), Time: int64(e.Quote.Time.Unwrap()), Body: shown,
		}}, nil
	default:
		return unknown(KindElem, raw), nil
	}
}

func unknown(kind string, data []byte) message.Unknown {
	return message.Unknown{Kind: kind, Data: []message.Field{{Key: "hex", Value: hex.EncodeToString(data)}}}
}

// encodeElems is body as clients read it. nameOf is what to show for somebody who is mentioned without a name. A
// segment that came neither from a client nor can be put in elements is written out as a CQ code, for that is what a
// person would see who reads what the script that said it wrote.
func encodeElems(body message.Message, nameOf func(protocol.UserID) string) (*wireRichText, error) {
	rich := &wireRichText{Elems: [][]byte{}}
	for _, segment := range body {
		u, ok := segment.(message.Unknown)
		data := kept(u)
		switch {
		case ok && data != nil && u.Kind == KindVoice:
			rich.Voice = data
			continue
		case ok && data != nil && u.Kind == KindFile:
			rich.File = data
			continue
		case ok && data != nil && u.Kind == KindElem:
			rich.Elems = append(rich.Elems, data)
			continue
		}
		elems, err := elemsOf(segment, nameOf)
		if err != nil {
			return nil, err
		}
		for _, e := range elems {
			b, err := proto.Marshal(e)
			if err != nil {
				return nil, fmt.Errorf("write element: %w", err)
			}
			rich.Elems = append(rich.Elems, b)
		}
	}
	return rich, nil
}

// kept are the bytes that unknown put into u, nil if there are none.
func kept(u message.Unknown) []byte {
	if len(u.Data) != 1 || u.Data[0].Key != "hex" {
		return nil
	}
	b, err := hex.DecodeString(u.Data[0].Value)
	if err != nil {
		return nil
	}
	return b
}

func elemsOf(segment message.Segment, nameOf func(protocol.UserID) string) ([]*wireElem, error) {
	switch s := segment.(type) {
	case message.Text:
		return []*wireElem{textElem(s.Text)}, nil
	case message.At:
		return atElems(s, nameOf), nil
	case message.Face:
		return faceElem(s)
	case message.Reply:
		shown, err := encodeElems(s.Quote.Body, nameOf)
		if err != nil {
			return nil, err
		}
		return []*wireElem{{Quote: &wireQuote{
			Seqs: []int32{int32(s.Quote.Seq)}, Sender: proto.Some(s.Quote.Sender), Time: proto.Some(int32(s.Quote.Time)),
			Flag: proto.Some(int32(1)), Elems: shown.Elems,
		}}}, nil
	default:
		return []*wireElem{textElem(message.Message{segment}.CQ())}, nil
	}
}

func textElem(text string) *wireElem { return &wireElem{Text: &msg.Text{Str: proto.Some(text)}} }

// atElems is a mention and the space behind it (see decodeElems).
func atElems(at message.At, nameOf func(protocol.UserID) string) []*wireElem {
	name, all := at.Name, byte(0)
	switch {
	case at.All:
		name, all = everybody, 1
	case name == "":
		name = nameOf(protocol.UserID(at.UserID))
	}
	shown := "@" + name
	// One, begin, length, whether it is everybody, who, zero (MiraiGo message/pack.go).
	attr := binary.BigEndian.AppendUint16([]byte{0, 1, 0, 0}, uint16(len(utf16.Encode([]rune(shown)))))
	attr = append(attr, all)
	attr = binary.BigEndian.AppendUint32(attr, uint32(at.UserID))
	attr = append(attr, 0, 0)
	return []*wireElem{{Text: &msg.Text{Str: proto.Some(shown), Attr6Buf: attr}}, textElem(afterMention)}
}

func faceElem(face message.Face) ([]*wireElem, error) {
	if face.ID < newFaces {
		return []*wireElem{{Face: &msg.Face{
			Index: proto.Some(int32(face.ID)),
			Old:   binary.BigEndian.AppendUint16(nil, uint16(0x1445-4+face.ID)),
			Buf:   []byte{0x00, 0x01, 0x00, 0x04, 0x52, 0xCC, 0xF5, 0xD0},
		}}}, nil
	}
	b, err := proto.Marshal(&msg.MsgElemInfoServtype33{Index: proto.Some(uint32(face.ID))})
	if err != nil {
		return nil, fmt.Errorf("write face: %w", err)
	}
	return []*wireElem{{Common: &msg.CommonElem{
		ServiceType: proto.Some(int32(commonFace)), PbElem: b, BusinessType: proto.Some(int32(1)),
	}}}, nil
}
