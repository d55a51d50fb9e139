package actions

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-json"
)

// success is an answer with status ok. A nil data is null.
func success(echo []byte, data any) ([]byte, error) {
	encoded, err := json.MarshalWithOption(data, json.DisableHTMLEscape())
	if err != nil {
		return nil, fmt.Errorf("encode data: %w", err)
	}
	b := make([]byte, 0, len(encoded)+len(echo)+64)
	b = append(b, `{"status":"ok","retcode":0,"data":`...)
	// What QQ's users wrote need not be UTF-8, but a text frame must be.
	b = append(b, validUTF8(encoded)...)
	b = append(b, `,"message":""`...)
	return closeAnswer(b, echo), nil
}

// failure is an answer with status failed. go-cqhttp gives its words twice, as wording and as message.
func failure(echo []byte, err error) []byte {
	o := outcomeOf(err)
	words := quoted(o.wording)
	b := make([]byte, 0, 2*len(words)+len(echo)+128)
	b = append(b, `{"status":"failed","retcode":`...)
	b = strconv.AppendInt(b, int64(o.retcode), 10)
	b = append(b, `,"data":null,"message":`...)
	b = append(b, words...)
	b = append(b, `,"msg":`...)
	b = append(b, quoted(o.msg)...)
	b = append(b, `,"wording":`...)
	b = append(b, words...)
	return closeAnswer(b, echo)
}

func closeAnswer(b, echo []byte) []byte {
	if echo != nil {
		b = append(b, `,"echo":`...)
		b = append(b, echo...)
	}
	return append(b, '}')
}

func quoted(s string) []byte {
	b, err := json.MarshalWithOption(strings.ToValidUTF8(s, "\uFFFD"), json.DisableHTMLEscape())
	if err != nil {
		// A valid UTF-8 string always has a JSON form.
		panic(fmt.Sprintf("quote string: %v", err))
	}
	return b
}

func validUTF8(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}
