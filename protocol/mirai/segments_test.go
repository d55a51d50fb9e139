package mirai

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/message"
)

func TestElementsToSegments(t *testing.T) {
	text := mirai.NewText
	for name, c := range map[string]struct {
		in   []mirai.IMessageElement
		want message.Message
	}{
		"text":          {[]mirai.IMessageElement{text("a"), text(""), text(" ")}, message.Message{message.Text{Text: "a"}, message.Text{Text: " "}}},
		"at":            {[]mirai.IMessageElement{mirai.NewAt(5, "@five"), text(" "), text("a")}, message.Message{message.At{UserID: 5}, message.Text{Text: "a"}}},
		"at, blanks":    {[]mirai.IMessageElement{mirai.NewAt(5), text(" "), text(" ")}, message.Message{message.At{UserID: 5}, message.Text{Text: " "}}},
		"at by a phone": {[]mirai.IMessageElement{mirai.NewAt(5), text(" hi")}, message.Message{message.At{UserID: 5}, message.Text{Text: " hi"}}},
		"at all":        {[]mirai.IMessageElement{mirai.AtAll(), text(" ")}, message.Message{message.At{All: true}}},
		"guild at": {
			[]mirai.IMessageElement{&mirai.AtElement{Target: 5, Display: "@x", SubType: mirai.AtTypeGuildMember}},
			message.Message{message.Text{Text: "@x"}},
		},
		"face": {[]mirai.IMessageElement{mirai.NewFace(300)}, message.Message{message.Face{ID: 300}}},
		"reply": {
			[]mirai.IMessageElement{&mirai.ReplyElement{ReplySeq: -1, Sender: 5, Time: 6, Elements: []mirai.IMessageElement{text("q")}}, text("a")},
			message.Message{
				message.Reply{Quote: message.Quote{Seq: 1<<32 - 1, Sender: 5, Time: 6, Body: message.Message{message.Text{Text: "q"}}}},
				message.Text{Text: "a"},
			},
		},
		"reply to nothing": {[]mirai.IMessageElement{&mirai.ReplyElement{ReplySeq: 1}}, message.Message{message.Reply{Quote: message.Quote{Seq: 1}}}},
		"nothing":          {nil, message.Message{message.Unknown{Kind: "unknown"}}},
		"picture": {
			[]mirai.IMessageElement{&mirai.GroupImageElement{Md5: []byte{0xab}, Url: "u"}, &mirai.FriendImageElement{Md5: []byte{0xcd}}},
			message.Message{named("image", "file", "ab.image", "url", "u"), named("image", "file", "cd.image")},
		},
		"card":    {[]mirai.IMessageElement{mirai.NewLightApp("{}")}, message.Message{named("json", "data", "{}")}},
		"xml":     {[]mirai.IMessageElement{mirai.NewRichXml("<?xml?>", 60)}, message.Message{named("xml", "data", "<?xml?>")}},
		"rich":    {[]mirai.IMessageElement{mirai.NewRichJson("{}")}, message.Message{named("json", "data", "{}")}},
		"voice":   {[]mirai.IMessageElement{&mirai.VoiceElement{Name: "a.amr", Url: "u"}}, message.Message{named("record", "file", "a.amr", "url", "u")}},
		"video":   {[]mirai.IMessageElement{&mirai.ShortVideoElement{Name: "v"}}, message.Message{named("video", "file", "v")}},
		"forward": {[]mirai.IMessageElement{&mirai.ForwardElement{ResId: "r"}}, message.Message{named("forward", "id", "r")}},
		"file": {
			[]mirai.IMessageElement{&mirai.GroupFileElement{Name: "f", Path: "/p", Size: 3}},
			message.Message{named("file", "name", "f", "id", "/p", "size", "3")},
		},
		"dice":     {[]mirai.IMessageElement{&mirai.DiceElement{Value: 4}}, message.Message{named("dice", "value", "4")}},
		"fingers":  {[]mirai.IMessageElement{&mirai.FingerGuessingElement{Value: 1}}, message.Message{named("rps", "value", "1")}},
		"sticker":  {[]mirai.IMessageElement{&mirai.AnimatedSticker{ID: 114}}, message.Message{named("face", "id", "114", "type", "sticker")}},
		"market":   {[]mirai.IMessageElement{&mirai.MarketFaceElement{Name: "[m]", FaceId: []byte{1}}}, message.Message{named("mface", "text", "[m]", "id", "01")}},
		"envelope": {[]mirai.IMessageElement{&mirai.RedBagElement{Title: "t"}}, message.Message{named("redbag", "title", "t")}},
		"music":    {[]mirai.IMessageElement{&mirai.MusicShareElement{}}, message.Message{message.Unknown{Kind: "musicshareelement"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fromElements(c.in); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %#v\nwant %#v", got, c.want)
			}
		})
	}
}

func nobody(protocol.UserID) string { return "" }

func TestSegmentsToElements(t *testing.T) {
	nameOf := func(u protocol.UserID) string {
		if u == 5 {
			return "five"
		}
		return ""
	}
	elements, err := toElements(message.Message{
		message.Text{}, message.At{UserID: 5}, message.At{UserID: 6}, message.At{UserID: 5, Name: "V"}, message.At{All: true}, message.Face{ID: 1},
	}, nameOf)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"@five", "@6", "@V", "@全体成员"} {
		if got := elements[i].(*mirai.AtElement).Display; got != want {
			t.Errorf("mention %d shows %q, want %q", i, got, want)
		}
	}
	if f, ok := elements[4].(*mirai.FaceElement); !ok || f.Index != 1 || len(elements) != 5 {
		t.Errorf("elements %+v", elements)
	}
}

func TestUnsendable(t *testing.T) {
	reply := message.Reply{Quote: message.Quote{Seq: 1, Sender: 2}}
	for _, c := range []struct {
		body    message.Message
		segment string
		reason  string
	}{
		{nil, "", "empty"},
		{message.Message{message.Text{}}, "", "empty"},
		{message.Message{reply}, "", "empty"},
		{message.Message{reply, reply, message.Text{Text: "x"}}, "reply", "only one"},
		{message.Message{message.Reply{ID: 5}, message.Text{Text: "x"}}, "reply", "not known"},
		{message.Message{message.Face{ID: 1 << 16}}, "face", "65536"},
		{message.Message{message.Unknown{Kind: "record"}}, "record", "text, at, face and reply"},
		{message.Message{message.Text{Text: strings.Repeat("x", maxEstimate+1)}}, "", "5001 bytes, QQ takes 5000"},
	} {
		_, err := toElements(c.body, nobody)
		e, ok := errors.AsType[*protocol.UnsendableError](err)
		if !ok || e.Segment != c.segment || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%+v: %v, want %q because of %q", c.body, err, c.segment, c.reason)
		}
	}
	if _, err := toElements(message.Message{message.Text{Text: strings.Repeat("x", maxEstimate)}}, nobody); err != nil {
		t.Errorf("the longest message: %v", err)
	}
}

func TestQuoteIsShort(t *testing.T) {
	long := message.Message{
		message.Reply{},
		message.At{UserID: 5},
		message.Text{Text: " "},
		message.Face{ID: 1},
		message.Unknown{Kind: "image"},
		message.Text{Text: strings.Repeat("长", 1000)},
		message.Text{Text: "never shown"},
	}
	elements := quoted(long)
	shown := mirai.ToReadableString(elements)
	if n := mirai.EstimateLength(elements); n > maxQuoted || !strings.HasPrefix(shown, "@5 /") || strings.Contains(shown, "never") || !utf8.ValidString(shown) {
		t.Errorf("quote of %d bytes: %q", n, shown)
	}
	if quoted(nil) != nil {
		t.Error("nothing is something")
	}
	for _, c := range []struct {
		s     string
		limit int
		want  string
	}{{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"长长", 5, "长"}, {"长", 2, ""}, {"", 0, ""}} {
		if got := shorten(c.s, c.limit); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.s, c.limit, got, c.want)
		}
	}
}

func TestAsSent(t *testing.T) {
	reply := message.Reply{Quote: message.Quote{Seq: 1}}
	got := asSent(message.Message{message.Text{Text: "a"}, message.Text{}, reply, message.Face{ID: 1}})
	if want := (message.Message{reply, message.Text{Text: "a"}, message.Face{ID: 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// FuzzElements: whatever the history brings, it is read without a panic and never to nothing.
func FuzzElements(f *testing.F) {
	for _, e := range [][]mirai.IMessageElement{
		{mirai.NewText("x")},
		{mirai.NewAt(5)},
		{mirai.NewFace(300)},
		{mirai.NewLightApp("{}")},
		{&mirai.ShortVideoElement{}},
		{&mirai.ReplyElement{ReplySeq: 1, Elements: []mirai.IMessageElement{mirai.NewText("q")}}},
	} {
		b, err := proto.Marshal(&msg.RichText{Elems: mirai.ToProtoElems(e, true)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var rich msg.RichText
		if err := proto.Unmarshal(b, &rich); err != nil {
			return
		}
		if body, _ := parseElements(rich.Elems); len(body) == 0 {
			t.Errorf("%x says nothing", b)
		}
	})
}
