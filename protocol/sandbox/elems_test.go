package sandbox

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
)

func nobody(protocol.UserID) string { return "somebody" }

// asClient packs MiraiGo's elements as its client sends them.
func asClient(t testing.TB, elems ...mirai.IMessageElement) *wireRichText {
	t.Helper()
	return rewrite[wireRichText](t, &msg.RichText{Elems: mirai.ToProtoElems(elems, true)})
}

// rewrite reads one message as another type.
func rewrite[T any](t testing.TB, from any) *T {
	t.Helper()
	b, err := proto.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	to := new(T)
	if err := proto.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestElemsFromMiraiGo(t *testing.T) {
	at := func(u int64, name string) *mirai.AtElement {
		e := mirai.NewAt(u, name)
		e.SubType = mirai.AtTypeGroupMember
		return e
	}
	x := message.At{UserID: 5, Name: "x"}
	quote := &mirai.ReplyElement{ReplySeq: 7, Sender: 20001, Time: 1600000000, Elements: []mirai.IMessageElement{at(5, "@x"), mirai.NewText("hi")}}
	for name, c := range map[string]struct {
		sent []mirai.IMessageElement
		want message.Message
	}{
		"text":            {[]mirai.IMessageElement{mirai.NewText("你好 🐟\r\n"), mirai.NewText("")}, message.Message{message.Text{Text: "你好 🐟\r\n"}}},
		"mention":         {[]mirai.IMessageElement{at(20001, "@Alice")}, message.Message{message.At{UserID: 20001, Name: "Alice"}}},
		"great number":    {[]mirai.IMessageElement{at(4294967295, "@G")}, message.Message{message.At{UserID: 4294967295, Name: "G"}}},
		"everybody":       {[]mirai.IMessageElement{at(0, "@全体成员")}, message.Message{message.At{All: true}}},
		"mention, a word": {[]mirai.IMessageElement{at(5, "@x"), mirai.NewText(" hi")}, message.Message{x, message.Text{Text: " hi"}}},
		"mention, blank":  {[]mirai.IMessageElement{at(5, "@x"), mirai.NewText(" ")}, message.Message{x, message.Text{Text: " "}}},
		"two mentions":    {[]mirai.IMessageElement{at(5, "@x"), at(5, "@x")}, message.Message{x, x}},
		"blank, mention":  {[]mirai.IMessageElement{mirai.NewText(" "), at(5, "@x")}, message.Message{message.Text{Text: " "}, x}},
		"faces": {
			[]mirai.IMessageElement{mirai.NewFace(0), mirai.NewFace(259), mirai.NewFace(260), mirai.NewFace(400)},
			message.Message{message.Face{ID: 0}, message.Face{ID: 259}, message.Face{ID: 260}, message.Face{ID: 400}},
		},
		"quote": {[]mirai.IMessageElement{mirai.NewText("yes"), quote}, message.Message{
			message.Reply{Quote: message.Quote{
				Seq: 7, Sender: 20001, Time: 1600000000, Body: message.Message{message.At{UserID: 5, Name: "x"}, message.Text{Text: "hi"}},
			}},
			message.Text{Text: "yes"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeElems(asClient(t, c.sent...))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got  %#v\nwant %#v", got, c.want)
			}
			// And back: what the world says reads the same, and MiraiGo sees what MiraiGo sent.
			rich, err := encodeElems(got, nobody)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := decodeElems(rich); err != nil || !reflect.DeepEqual(again, c.want) {
				t.Errorf("again %#v, %v", again, err)
			}
			theirs := mirai.ParseMessageElems(rewrite[msg.RichText](t, rich).Elems)
			sent := mirai.ParseMessageElems(rewrite[msg.RichText](t, asClient(t, c.sent...)).Elems)
			if got, want := mirai.ToReadableString(theirs), mirai.ToReadableString(sent); got != want {
				t.Errorf("MiraiGo reads %q, was sent %q", got, want)
			}
		})
	}
}

func TestElemsToMiraiGo(t *testing.T) {
	rich, err := encodeElems(message.Message{
		message.Reply{ID: 3, Quote: message.Quote{Seq: 3, Sender: 20001, Time: 1600000000, Body: message.Message{message.Text{Text: "q"}}}},
		message.At{UserID: 20001},
		message.At{All: true},
		message.Face{ID: 14},
		message.Face{ID: 307},
		message.Unknown{Kind: "shake", Data: []message.Field{{Key: "a", Value: "1"}}},
	}, nobody)
	if err != nil {
		t.Fatal(err)
	}
	elems := mirai.ParseMessageElems(rewrite[msg.RichText](t, rich).Elems)
	reply, ok := elems[0].(*mirai.ReplyElement)
	if !ok || reply.ReplySeq != 3 || reply.Sender != 20001 || reply.Time != 1600000000 || mirai.ToReadableString(reply.Elements) != "q" {
		t.Errorf("quote = %#v", elems[0])
	}
	if at, ok := elems[1].(*mirai.AtElement); !ok || at.Target != 20001 || at.Display != "@somebody" {
		t.Errorf("mention = %#v", elems[1])
	}
	if at, ok := elems[3].(*mirai.AtElement); !ok || at.Target != 0 || at.Display != "@全体成员" {
		t.Errorf("everybody = %#v", elems[3])
	}
	for i, id := range map[int]int32{5: 14, 6: 307} {
		if face, ok := elems[i].(*mirai.FaceElement); !ok || face.Index != id {
			t.Errorf("face = %#v", elems[i])
		}
	}
	if text, ok := elems[7].(*mirai.TextElement); !ok || text.Content != "[CQ:shake,a=1]" || len(elems) != 8 {
		t.Errorf("unknown = %#v of %d", elems[7], len(elems))
	}
}

// Bytes that are not understood stay as they are, fields that MiraiGo does not know among them.
func TestUnknownElems(t *testing.T) {
	foreign := []byte{0xF2, 0x01, 0x03, 'a', 'b', 'c'} // field 30
	rich := &wireRichText{Elems: [][]byte{foreign}, Voice: []byte{0x08, 0x04}, File: []byte{0x08, 0x01}}
	body, err := decodeElems(rich)
	if err != nil {
		t.Fatal(err)
	}
	if want := "[CQ:elem,hex=f20103616263][CQ:file,hex=0801][CQ:voice,hex=0804]"; body.CQ() != want {
		t.Errorf("%s, want %s", body.CQ(), want)
	}
	again, err := encodeElems(body, nobody)
	if err != nil || len(again.Elems) != 1 || !bytes.Equal(again.Elems[0], foreign) ||
		!bytes.Equal(again.Voice, rich.Voice) || !bytes.Equal(again.File, rich.File) {
		t.Errorf("%+v, %v", again, err)
	}
	for _, u := range []message.Unknown{{Kind: KindElem}, {Kind: KindElem, Data: []message.Field{{Key: "hex", Value: "x"}}}} {
		rich, err := encodeElems(message.Message{u}, nobody)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := decodeElems(rich); err != nil || body.PlainText() != (message.Message{u}).CQ() {
			t.Errorf("without bytes: %v, %v", body, err)
		}
	}
}

func TestQuotesAreFollowedSoFar(t *testing.T) {
	body := message.Message{message.Text{Text: "bottom"}}
	for range 10 {
		body = message.Message{message.Reply{Quote: message.Quote{Seq: 1, Body: body}}}
	}
	rich, err := encodeElems(body, nobody)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeElems(rich)
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for {
		reply, ok := got.Reply()
		if !ok {
			break
		}
		depth++
		got = reply.Quote.Body
	}
	if _, kept := got[0].(message.Unknown); depth != quoteNestings || !kept {
		t.Errorf("%d deep ends %#v", depth, got)
	}
}

func FuzzDecodeElems(f *testing.F) {
	f.Add([]byte{}, []byte{}, []byte(nil))
	for _, e := range asClient(f, mirai.NewText("x"), mirai.NewAt(5, "@y"), mirai.NewFace(300), &mirai.ReplyElement{ReplySeq: 1}).Elems {
		f.Add(e, e, e)
	}
	f.Fuzz(func(t *testing.T, one, two, voice []byte) {
		body, err := decodeElems(&wireRichText{Elems: [][]byte{one, two}, Voice: voice})
		if err != nil {
			return
		}
		rich, err := encodeElems(body, nobody)
		if err != nil {
			t.Fatalf("%#v: %v", body, err)
		}
		again, err := decodeElems(rich)
		if err != nil {
			t.Fatalf("%#v -> %x: %v", body, rich.Elems, err)
		}
		if body.CQ() != again.CQ() {
			t.Fatalf("%s\nagain %s", body.CQ(), again.CQ())
		}
	})
}
