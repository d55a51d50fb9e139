package history

import (
	"reflect"
	"testing"

	"echogate/protocol/message"
)

func TestBodyRoundTrip(t *testing.T) {
	quote := message.Quote{Seq: 4_294_967_295, Sender: 10001, Time: -1, Body: message.Message{message.Text{Text: "<quoted>"}, message.Face{ID: 2}}}
	for name, m := range map[string]message.Message{
		"empty": {},
		"all": {
			message.Reply{ID: -5, Quote: quote},
			message.Text{Text: "\"\\\n,[CQ:at,qq=1]"},
			message.At{UserID: 3},
			message.At{All: true},
			message.Face{ID: 9},
		},
		"reply without a quote": {message.Reply{ID: 8, Quote: message.Quote{Body: message.Message{}}}},
		"unknown":               {message.Unknown{Kind: "image", Data: []message.Field{{Key: "url", Value: "http://x/?a&b"}, {Key: "file", Value: ""}}}},
		"unknown without data":  {message.Unknown{Kind: "shake"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeBody(encodeBody(m))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, m) {
				t.Errorf("got %#v\nwant %#v", got, m)
			}
		})
	}
}

func TestBodiesOfOtherRules(t *testing.T) {
	for body, want := range map[string]message.Message{
		`[{"type":"at","data":{"z":"1","qq":"nobody"}},{"type":"text","data":{"text":"kept"}}]`: {
			message.Unknown{Kind: "at", Data: []message.Field{{Key: "z", Value: "1"}, {Key: "qq", Value: "nobody"}}}, message.Text{Text: "kept"},
		},
		`[{"type":"","data":{"a":"b"}}]`: {message.Unknown{Data: []message.Field{{Key: "a", Value: "b"}}}},
		`[{"type":"text"}]`:              {message.Unknown{Kind: "text"}},
	} {
		got, err := decodeBody(body, "")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %#v, %v\nwant %#v", body, got, err, want)
		}
	}
}

func TestDamagedBodiesAreErrors(t *testing.T) {
	for _, c := range []struct{ body, quote string }{
		{`[{"type":"text","data":{"text":"cut`, ""},
		{`[{"type":"face","data":[1]}]`, ""},
		{`[5]`, ""},
		{`[]`, `{"seq":`},
		{`[]`, `{"seq":1,"body":[{]}`},
		{`[]`, `{"seq":-1,"body":[]}`},
	} {
		if m, err := decodeBody(c.body, c.quote); err == nil {
			t.Errorf("%q %q was read as %#v", c.body, c.quote, m)
		}
	}
}

// FuzzBody: nothing in the database makes reading panic, and what can be read is written back the same.
func FuzzBody(f *testing.F) {
	f.Add(`[{"type":"reply","data":{"id":"1"}},{"type":"text","data":{"text":"x"}}]`, `{"seq":1,"sender":2,"time":3,"body":[]}`)
	f.Add(`[{"type":"at","data":{"qq":"x","qq":"y"}}]`, ``)
	f.Add(`[{"type":"","data":null},{}]`, ``)
	f.Add(`"[CQ:face,id=1]"`, `null`)
	f.Fuzz(func(t *testing.T, body, quote string) {
		m, err := decodeBody(body, quote)
		if err != nil {
			return
		}
		body, quote = encodeBody(m)
		again, err := decodeBody(body, quote)
		if err != nil {
			t.Fatalf("%q %q: %v", body, quote, err)
		}
		if body2, quote2 := encodeBody(again); body2 != body || quote2 != quote {
			t.Fatalf("%q %q became %q %q", body, quote, body2, quote2)
		}
	})
}
