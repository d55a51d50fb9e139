package message

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, in string
		plain    bool
		want     Message
	}{
		{"null", `null`, false, nil},
		{"absent", ``, false, nil},
		{"empty string", `""`, false, nil},
		{"empty array", `[]`, false, Message{}},
		{"CQ string", `"[CQ:at,qq=1]\u4f60&amp;"`, false, Message{At{UserID: 1}, Text{"你&"}}},
		{"plain string", `"[CQ:at,qq=1]&amp;"`, true, Message{Text{"[CQ:at,qq=1]&amp;"}}},
		{"number", `12.5`, false, Message{Text{"12.5"}}},
		{"boolean", `true`, false, Message{Text{"true"}}},
		{"one object", `{"type":"face","data":{"id":9}}`, false, Message{Face{9}}},
		{"text is not CQ in arrays", `[{"type":"text","data":{"text":"[CQ:at,qq=1]"}}]`, false, Message{Text{"[CQ:at,qq=1]"}}},
		{"string or number ids", `[{"type":"at","data":{"qq":"5"}},{"type":"at","data":{"qq":5}}]`, false, Message{At{UserID: 5}, At{UserID: 5}}},
		{
			"foreign members", ` [ {"data":{"z":null,"b":true,"a":[1, 2],"b":3},"type":"foo","id":1} ] `, false,
			Message{Unknown{"foo", []Field{{"b", "true"}, {"a", "[1, 2]"}}}},
		},
		{"no data", `[{"type":"shake"},{"type":"shake","data":null}]`, false, Message{Unknown{Kind: "shake"}, Unknown{Kind: "shake"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.in), c.plain)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v\nwant %#v", got, c.want)
			}
		})
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		`[{"type":"text","data":{}}]`:            `segment 0: segment "text": text="" is missing`,
		`["hi"]`:                                 `segment 0: segment "": type="" is not a non-empty string`,
		`[{"type":"face","data":{"id":1}}, 5]`:   `segment 1`,
		`[{"type":7}]`:                           `type`,
		`[{"type":"at","data":"1"}]`:             `segment "at": data="" is not an object`,
		`[{"type":"at","data":{"qq":{}}}]`:       `qq="{}"`,
		`nul`:                                    `not JSON`,
		`[`:                                      `read message array`,
		`{"type":"at","data":{"qq":1}} trailing`: `type`,
		`12x`:                                    `not JSON`,
	} {
		if m, err := Parse([]byte(in), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, %v; want an error with %q", in, m, err, want)
		}
	}
}

func TestMarshalJSON(t *testing.T) {
	m := Message{Text{"<a&\"\n\u2028\xff>"}, At{UserID: 5, Name: "n"}, Face{1}, Unknown{"p", []Field{{"b", "1"}, {"a", "[]"}}}}
	const want = `[{"type":"text","data":{"text":"<a&\"\n\u2028�>"}},{"type":"at","data":{"qq":"5"}},` +
		`{"type":"face","data":{"id":"1"}},{"type":"p","data":{"b":"1","a":"[]"}}]`
	if got := string(m.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, empty := range []Message{nil, {}} {
		if got := string(empty.AppendJSON(nil)); got != "[]" {
			t.Errorf("empty message = %s", got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`"x"`, `[{"type":"at","data":{"qq":"all"}}]`, `{"type":"x","data":{"a":{"b":[1]}}}`, `[{"type":"text","data":{"text":"\ud800"}}]`} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, plain bool) {
		m, err := Parse(raw, plain)
		if err != nil {
			return
		}
		array := m.AppendJSON(nil)
		if !stdjson.Valid(array) {
			t.Fatalf("%q -> invalid JSON %q", raw, array)
		}
		again, err := Parse(array, false)
		if err != nil || string(again.AppendJSON(nil)) != string(array) {
			t.Fatalf("%q -> %q -> %q, %v", raw, array, again.AppendJSON(nil), err)
		}
		fromCQ, err := ParseCQ(m.CQ())
		if err != nil || fromCQ.CQ() != m.CQ() {
			t.Fatalf("%q -> CQ %q -> %q, %v", raw, m.CQ(), fromCQ.CQ(), err)
		}
	})
}
