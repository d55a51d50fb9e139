package sso

import (
	"errors"
	"fmt"

	"github.com/RomiChan/protobuf/proto"
)

// ErrNoPart says that an envelope does not hold the part that was asked for.
var ErrNoPart = errors.New("envelope lacks the part")

// Envelope3 packs body as the one part of a JCE packet of version 3, the form of most requests and list answers.
// servant and function name the service; MiraiGo reads neither.
func Envelope3(servant, function, part string, body *Writer) []byte {
	var data Writer
	data.mapOf(0, part, func(w *Writer) { w.Bytes(1, structure(body)) })
	return packet(3, servant, function, &data)
}

// Envelope2 packs body as the one part of a JCE packet of version 2, the form of pushes: the part has a name and the
// name of its type, such as "req_PushNotify" and "PushNotifyPack.RequestPushNotify".
func Envelope2(servant, function, part, typ string, body *Writer) []byte {
	var data Writer
	data.mapOf(0, part, func(w *Writer) {
		w.mapOf(1, typ, func(w *Writer) { w.Bytes(1, structure(body)) })
	})
	return packet(2, servant, function, &data)
}

func structure(body *Writer) []byte {
	var w Writer
	return w.Struct(0, body).Body()
}

func packet(version int64, servant, function string, data *Writer) []byte {
	var w Writer
	w.Int(1, version).Int(2, 0).Int(3, 0).Int(4, 0)
	w.String(5, servant).String(6, function).Bytes(7, data.Body()).Int(8, 0)
	w.head(jceMap, 9)
	w.Int(0, 0)
	w.head(jceMap, 10)
	w.Int(0, 0)
	return w.Body()
}

// OpenEnvelope3 is the part of a version 3 packet.
func OpenEnvelope3(payload []byte, part string) (Struct, error) {
	parts, err := parts(payload)
	if err != nil {
		return nil, err
	}
	body, ok := parts[part].([]byte)
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrNoPart, part)
	}
	return ParseStruct(body)
}

// OpenEnvelope2 is the part of a version 2 packet.
func OpenEnvelope2(payload []byte, part, typ string) (Struct, error) {
	parts, err := parts(payload)
	if err != nil {
		return nil, err
	}
	types, _ := parts[part].(map[any]any)
	body, ok := types[typ].([]byte)
	if !ok {
		return nil, fmt.Errorf("%w %q, %q", ErrNoPart, part, typ)
	}
	return ParseStruct(body)
}

func parts(payload []byte) (map[any]any, error) {
	outer, err := ParseStruct(payload)
	if err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	data, err := ParseStruct(outer.Bytes(7))
	if err != nil {
		return nil, fmt.Errorf("read envelope's data: %w", err)
	}
	return data.Map(0), nil
}

// OIDB is the package around the commands OidbSvc.* in both directions (MiraiGo client/pb/oidb, OIDBSSOPkg). Result is
// an option and Body never nil when written, because MiraiGo reuses the objects it reads into without clearing them: a
// left out field would take its value from somebody else's answer (client/global.go).
type OIDB struct {
	Command     int32               `protobuf:"varint,1,opt"`
	ServiceType int32               `protobuf:"varint,2,opt"`
	Result      proto.Option[int32] `protobuf:"varint,3,opt"`
	Body        []byte              `protobuf:"bytes,4,opt"`
	Message     string              `protobuf:"bytes,5,opt"`
}

// Marshal writes the package.
func (o OIDB) Marshal() ([]byte, error) {
	o.Result = proto.Some(o.Result.Unwrap())
	if o.Body == nil {
		o.Body = []byte{}
	}
	b, err := proto.Marshal(&o)
	if err != nil {
		return nil, fmt.Errorf("write OIDB package: %w", err)
	}
	return b, nil
}

// ParseOIDB reads a package.
func ParseOIDB(payload []byte) (OIDB, error) {
	var o OIDB
	if err := proto.Unmarshal(payload, &o); err != nil {
		return OIDB{}, fmt.Errorf("read OIDB package: %w", err)
	}
	return o, nil
}
