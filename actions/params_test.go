package actions

import (
	"reflect"
	"strings"
	"testing"

	"echogate/protocol"
)

type everyKind struct {
	ID    protocol.UserID  `param:"user_id" doc:"d"`
	Other protocol.GroupID `param:"group_id" optional:"true" doc:"d"`
	Small int32            `param:"message_id" alias:"id,mid" default:"-5" doc:"d"`
	Seq   uint32           `param:"seq" default:"0" doc:"d"`
	Flag  bool             `param:"flag" default:"true" doc:"d"`
	Word  string           `param:"word" default:"\"w\"" doc:"d"`
	Raw   rawJSON          `param:"raw" optional:"true" doc:"d"`
}

func TestDecodeParams(t *testing.T) {
	params, err := paramsOf(reflect.TypeFor[everyKind]())
	if err != nil {
		t.Fatal(err)
	}
	base := everyKind{ID: 1, Small: -5, Flag: true, Word: "w"}
	with := func(change func(*everyKind)) everyKind {
		e := base
		change(&e)
		return e
	}
	for raw, want := range map[string]everyKind{
		`{"user_id":1}`:                              base,
		`{"user_id":"1"}`:                            base,
		`{"user_id":1.0}`:                            base,
		`{"user_id":"1.0"}`:                          base,
		`{"user_id":1,"flag":null,"seq":null}`:       base,
		`{"user_id":1,"unknown":1e400,"unknown":[]}`: base,
		`{"user_id":1,"group_id":0}`:                 base,
		`{"user_id":1,"group_id":"0"}`:               base,
		`{"user_id":1e10}`:                           with(func(e *everyKind) { e.ID = 1e10 }),
		`{"user_id":9223372036854775807}`:            with(func(e *everyKind) { e.ID = 9223372036854775807 }),
		`{"user_id":1,"group_id":"5000000000"}`:      with(func(e *everyKind) { e.Other = 5000000000 }),
		`{"user_id":1,"message_id":-2147483648}`:     with(func(e *everyKind) { e.Small = -2147483648 }),
		`{"user_id":1,"id":"7","mid":8}`:             with(func(e *everyKind) { e.Small = 7 }),
		`{"user_id":1,"message_id":null,"mid":8}`:    with(func(e *everyKind) { e.Small = 8 }),
		`{"user_id":1,"mid":8,"message_id":9}`:       with(func(e *everyKind) { e.Small = 9 }),
		`{"user_id":1,"seq":4294967295}`:             with(func(e *everyKind) { e.Seq = 4294967295 }),
		`{"user_id":1,"flag":false}`:                 with(func(e *everyKind) { e.Flag = false }),
		`{"user_id":1,"flag":0}`:                     with(func(e *everyKind) { e.Flag = false }),
		`{"user_id":1,"flag":"No"}`:                  with(func(e *everyKind) { e.Flag = false }),
		`{"user_id":1,"flag":"1"}`:                   base,
		`{"user_id":1,"flag":"yes"}`:                 base,
		`{"user_id":1,"word":""}`:                    with(func(e *everyKind) { e.Word = "" }),
		`{"user_id":1,"word":"a\u0062"}`:             with(func(e *everyKind) { e.Word = "ab" }),
		`{"user_id":1,"word":12}`:                    with(func(e *everyKind) { e.Word = "12" }),
		`{"user_id":1,"raw":{"a" : [1]}}`:            with(func(e *everyKind) { e.Raw = rawJSON(`{"a" : [1]}`) }),
	} {
		var got everyKind
		if err := decodeParams(params, []byte(raw), reflect.ValueOf(&got).Elem()); err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", raw, got, want)
		}
	}
}

func TestImpossibleParams(t *testing.T) {
	params, err := paramsOf(reflect.TypeFor[everyKind]())
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		``:                                           `parameter "user_id" is missing`,
		`{}`:                                         `parameter "user_id" is missing`,
		`{"user_id":null}`:                           `parameter "user_id" is missing`,
		`{"user_id":0}`:                              `parameter "user_id" needs a number greater than 0, got 0`,
		`{"user_id":-1}`:                             `parameter "user_id" needs a number greater than 0, got -1`,
		`{"user_id":""}`:                             `parameter "user_id" needs a number, got ""`,
		`{"user_id":"12abc"}`:                        `parameter "user_id" needs a number, got "12abc"`,
		`{"user_id":" 12"}`:                          `parameter "user_id" needs a number, got " 12"`,
		`{"user_id":"0x10"}`:                         `parameter "user_id" needs a number, got "0x10"`,
		`{"user_id":"inf"}`:                          `parameter "user_id" needs a number, got "inf"`,
		`{"user_id":true}`:                           `parameter "user_id" needs a number, got true`,
		`{"user_id":[1]}`:                            `parameter "user_id" needs a number, got [1]`,
		`{"user_id":{}}`:                             `parameter "user_id" needs a number, got {}`,
		`{"user_id":1.5}`:                            `parameter "user_id" needs a whole number, got 1.5`,
		`{"user_id":1e400}`:                          `parameter "user_id" is out of range: 1e400`,
		`{"user_id":"1e999999999"}`:                  `parameter "user_id" is out of range: "1e999999999"`,
		`{"user_id":1180591620717411303424}`:         `parameter "user_id" is out of range: 1180591620717411303424`,
		`{"user_id":9007199254740993.0}`:             `parameter "user_id" is out of range: 9007199254740993.0`,
		`{"user_id":1e16}`:                           `parameter "user_id" is out of range: 1e16`,
		`{"user_id":1,"user_id":2}`:                  `parameter "user_id" is given twice`,
		`{"user_id":1,"group_id":-3}`:                `parameter "group_id" needs a number greater than 0, got -3`,
		`{"user_id":1,"message_id":2147483648}`:      `parameter "message_id" is out of range: 2147483648`,
		`{"user_id":1,"message_id":2.2e9}`:           `parameter "message_id" is out of range: 2.2e9`,
		`{"user_id":1,"mid":1,"mid":1}`:              `parameter "message_id" is given twice`,
		`{"user_id":1,"seq":-1}`:                     `parameter "seq" is out of range: -1`,
		`{"user_id":1,"seq":4294967296}`:             `parameter "seq" is out of range: 4294967296`,
		`{"user_id":1,"flag":2}`:                     `parameter "flag" needs true or false, got 2`,
		`{"user_id":1,"flag":"maybe"}`:               `parameter "flag" needs true or false, got "maybe"`,
		`{"user_id":1,"flag":[]}`:                    `parameter "flag" needs true or false, got []`,
		`{"user_id":1,"word":{"a":1}}`:               `parameter "word" needs a string, got {"a":1}`,
		`{"user_id":"` + long + `"}`:                 `parameter "user_id" needs a number, got "` + long[:64] + `"...`,
		`{"user_id":[` + long[:100] + `]}`:           `parameter "user_id" needs a number, got [` + long[:63] + `...`,
		`{"user_id":"` + long[:63] + `\u00e9` + `"}`: `parameter "user_id" needs a number, got "` + long[:63] + `"...`,
	} {
		var object []byte
		if raw != "" {
			object = []byte(raw)
		}
		var got everyKind
		err := decodeParams(params, object, reflect.ValueOf(&got).Elem())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
}

const long = "1111111111222222222233333333334444444444555555555566666666667777777777888888888899999999990000000000aaaaaaaaaa"
