package sandbox

import (
	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"
)

// The messages of MiraiGo's client/pb/msg that hold elements, with the elements left as bytes: of an element that is
// not understood, MiraiGo's types would keep only the fields that they know.

type wireRichText struct {
	Attr  *msg.Attr `protobuf:"bytes,1,opt"`
	Elems [][]byte  `protobuf:"bytes,2,rep"`
	File  []byte    `protobuf:"bytes,3,opt"` // an offline file
	Voice []byte    `protobuf:"bytes,4,opt"`
}

type wireBody struct {
	RichText *wireRichText `protobuf:"bytes,1,opt"`
}

type wireMessage struct {
	Head    *msg.MessageHead `protobuf:"bytes,1,opt"`
	Content *msg.ContentHead `protobuf:"bytes,2,opt"`
	Body    *wireBody        `protobuf:"bytes,3,opt"`
}

// wirePush is msg.PushMessagePacket.
type wirePush struct {
	Message *wireMessage `protobuf:"bytes,1,opt"`
}

// wireSend is msg.SendMessageRequest.
type wireSend struct {
	RoutingHead *msg.RoutingHead    `protobuf:"bytes,1,opt"`
	ContentHead *msg.ContentHead    `protobuf:"bytes,2,opt"`
	Body        *wireBody           `protobuf:"bytes,3,opt"`
	Seq         proto.Option[int32] `protobuf:"varint,4,opt"`
	Random      proto.Option[int32] `protobuf:"varint,5,opt"`
}

// wireHistory is msg.GetGroupMsgResp.
type wireHistory struct {
	Result    proto.Option[uint32] `protobuf:"varint,1,opt"`
	Error     proto.Option[string] `protobuf:"bytes,2,opt"`
	GroupCode proto.Option[uint64] `protobuf:"varint,3,opt"`
	Begin     proto.Option[uint64] `protobuf:"varint,4,opt"`
	End       proto.Option[uint64] `protobuf:"varint,5,opt"`
	Messages  []*wireMessage       `protobuf:"bytes,6,rep"`
}

// wireMail is msg.GetMessageResponse.
type wireMail struct {
	Result     proto.Option[int32]        `protobuf:"varint,1,opt"`
	SyncCookie []byte                     `protobuf:"bytes,3,opt"`
	SyncFlag   proto.Option[msg.SyncFlag] `protobuf:"varint,4,opt"`
	Pairs      []*wirePair                `protobuf:"bytes,5,rep"`
}

// wirePair is msg.UinPairMessage.
type wirePair struct {
	Peer     proto.Option[int64] `protobuf:"varint,2,opt"`
	Messages []*wireMessage      `protobuf:"bytes,4,rep"`
}

// wireElem is the part of msg.Elem that is understood here. Its fields are disjoint: an element is one thing.
type wireElem struct {
	Text   *msg.Text       `protobuf:"bytes,1,opt"`
	Face   *msg.Face       `protobuf:"bytes,2,opt"`
	Quote  *wireQuote      `protobuf:"bytes,45,opt"`
	Common *msg.CommonElem `protobuf:"bytes,53,opt"`
}

// wireQuote is msg.SourceMsg.
type wireQuote struct {
	Seqs   []int32             `protobuf:"varint,1,rep"`
	Sender proto.Option[int64] `protobuf:"varint,2,opt"`
	Time   proto.Option[int32] `protobuf:"varint,3,opt"`
	Flag   proto.Option[int32] `protobuf:"varint,4,opt"`
	Elems  [][]byte            `protobuf:"bytes,5,rep"`
}
