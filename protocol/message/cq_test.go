package message

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseCQ(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Message
	}{
		{"empty", "", nil},
		{"text", "hello", Message{Text{"hello"}}},
		{"escaped text", "a&amp;b&#91;c&#93;,=", Message{Text{"a&b[c],="}}},
		{"ampersand undone last", "&amp;#91;", Message{Text{"&#91;"}}},
		{"comma entity is text outside codes", "&#44;", Message{Text{"&#44;"}}},
		{"at", "[CQ:at,qq=10001] hi", Message{At{UserID: 10001}, Text{" hi"}}},
		{"at all", "[CQ:at,qq=all]", Message{At{All: true}}},
		{"at with name", "[CQ:at,qq=1,name=x&#44;y]", Message{At{UserID: 1, Name: "x,y"}}},
		{"alias target", "[CQ:at,target=5]", Message{At{UserID: 5}}},
		{"face", "x[CQ:face,id=178]y", Message{Text{"x"}, Face{178}, Text{"y"}}},
		{"negative reply", "[CQ:reply,id=-5]", Message{Reply{ID: -5}}},
		{"first double counts", "[CQ:face,id=1,id=2]", Message{Face{1}}},
		{"unknown keeps order", "[CQ:foo,b=2,a=&#91;&#44;&#93;]", Message{Unknown{"foo", []Field{{"b", "2"}, {"a", "[,]"}}}}},
		{"value with equals and bracket", "[CQ:foo,u=a=b[c]", Message{Unknown{"foo", []Field{{"u", "a=b[c"}}}}},
		{"no members", "[CQ:shake]", Message{Unknown{Kind: "shake"}}},
		{"unterminated", "tail[CQ:at,qq=1", Message{Text{"tail[CQ:at,qq=1"}}},
		{"unterminated before a good one", "[CQ:at,qq=1 [CQ:at,qq=2]", Message{Text{"[CQ:at,qq=1 "}, At{UserID: 2}}},
		{"member without equals", "[CQ:face,id]", Message{Text{"[CQ:face,id]"}}},
		{"trailing comma", "[CQ:face,id=1,]", Message{Text{"[CQ:face,id=1,]"}}},
		{"no type", "[CQ:]", Message{Text{"[CQ:]"}}},
		{"case matters", "[cq:face,id=1]", Message{Text{"[cq:face,id=1]"}}},
		{"type is not trimmed", "[CQ: at,qq=1]", Message{Unknown{" at", []Field{{"qq", "1"}}}}},
		{"lonely brackets", "[]][", Message{Text{"[]]["}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseCQ(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("ParseCQ(%q)\n got %#v\nwant %#v", c.in, got, c.want)
			}
		})
	}
}

func TestParseCQImpossibleData(t *testing.T) {
	for in, key := range map[string]string{
		"[CQ:at,qq=0]":              "qq", // would be everybody in go-cqhttp
		"[CQ:at,qq=]":               "qq",
		"[CQ:at, qq=1]":             "qq", // keys are not trimmed
		"[CQ:at,qq=-4]":             "qq",
		"[CQ:face,id=smile]":        "id",
		"[CQ:face]":                 "id",
		"[CQ:reply,id=99999999999]": "id",
		"[CQ:text,t=1]":             "text",
	} {
		m, err := ParseCQ("before" + in)
		var bad *SegmentError
		if !errors.As(err, &bad) || bad.Key != key || m != nil {
			t.Errorf("ParseCQ(%q) = %v, %v; want a SegmentError for %q", in, m, err, key)
		}
	}
}

// TestParsingTakesLinearTime feeds what made a parser with a look-ahead for every opening take minutes.
func TestParsingTakesLinearTime(t *testing.T) {
	const n = 1_000_000
	opened := strings.Repeat("[CQ:", n)
	for _, in := range []string{opened, opened + "a]", strings.Repeat("]", n), strings.Repeat("[CQ:]", n)} {
		m, err := ParseCQ(in)
		if err != nil || len(m) == 0 || m[0].Type() != "text" {
			t.Errorf("%.20q...: %d segments, %v", in, len(m), err)
		}
	}
	members := strings.Builder{}
	for i := range n / 4 {
		fmt.Fprintf(&members, `"%d":1,`, i)
	}
	m, err := Parse([]byte(`[{"type":"x","data":{`+strings.TrimSuffix(members.String(), ",")+`}}]`), false)
	if err != nil || len(m) != 1 || len(m[0].(Unknown).Data) != n/4 {
		t.Errorf("members: %v", err)
	}
}

func TestCQ(t *testing.T) {
	m := Message{
		Reply{ID: 7, Quote: Quote{Seq: 3, Sender: 1}},
		At{UserID: 5, Name: "shown"},
		At{All: true},
		Text{"a,b=[&]"},
		Face{0},
		Unknown{"x]y", []Field{{"k=,", "v=,[&]"}}},
	}
	const want = "[CQ:reply,id=7][CQ:at,qq=5][CQ:at,qq=all]a,b=&#91;&amp;&#93;[CQ:face,id=0][CQ:x&#93;y,k&#61;&#44;=v=&#44;&#91;&amp;&#93;]"
	if got := m.CQ(); got != want {
		t.Errorf("CQ()\n got %s\nwant %s", got, want)
	}
}

func FuzzParseCQ(f *testing.F) {
	for _, s := range []string{"hi", "[CQ:at,qq=1]", "a[CQ:reply,id=3]b&amp;[CQ:x,y=&#44;]", "[CQ:a[CQ:b]", "[CQ:&#93;,&#61;==]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseCQ(s)
		if err != nil {
			return
		}
		again, err := ParseCQ(m.CQ())
		if err != nil || again.CQ() != m.CQ() {
			t.Fatalf("%q -> %q -> %q, %v", s, m.CQ(), again.CQ(), err)
		}
	})
}
