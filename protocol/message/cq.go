package message

import "strings"

// CQ escapes: text and values share three, values also hide the comma. Keys hide the equals sign too, which go-cqhttp
// never needed because it wrote only fixed keys. One pass, never re-scanned: "&amp;#91;" reads back as "&#91;".
var (
	textEscaper    = strings.NewReplacer("&", "&amp;", "[", "&#91;", "]", "&#93;")
	valueEscaper   = strings.NewReplacer("&", "&amp;", "[", "&#91;", "]", "&#93;", ",", "&#44;")
	keyEscaper     = strings.NewReplacer("&", "&amp;", "[", "&#91;", "]", "&#93;", ",", "&#44;", "=", "&#61;")
	textUnescaper  = strings.NewReplacer("&amp;", "&", "&#91;", "[", "&#93;", "]")
	valueUnescaper = strings.NewReplacer("&amp;", "&", "&#91;", "[", "&#93;", "]", "&#44;", ",")
	keyUnescaper   = strings.NewReplacer("&amp;", "&", "&#91;", "[", "&#93;", "]", "&#44;", ",", "&#61;", "=")
)

const cqStart = "[CQ:"

// CQ writes the message as a CQ string: text escaped, every other segment as [CQ:type,key=value,...].
func (m Message) CQ() string {
	var b strings.Builder
	for _, s := range m {
		if t, ok := s.(Text); ok {
			b.WriteString(textEscaper.Replace(t.Text))
			continue
		}
		b.WriteString(cqStart)
		b.WriteString(keyEscaper.Replace(s.Type()))
		for _, f := range s.fields() {
			b.WriteByte(',')
			b.WriteString(keyEscaper.Replace(f.Key))
			b.WriteByte('=')
			b.WriteString(valueEscaper.Replace(f.Value))
		}
		b.WriteByte(']')
	}
	return b.String()
}

// ParseCQ reads a CQ string. Only "[CQ:" opens a code (case matters, nothing is trimmed); a code that never closes or
// is not well formed is literal text, so that no byte a user wrote is lost. A well-formed code with impossible data is
// a [*SegmentError].
func ParseCQ(s string) (Message, error) {
	var m Message
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			m = append(m, Text{Text: textUnescaper.Replace(text.String())})
			text.Reset()
		}
	}
	for len(s) > 0 {
		at := strings.Index(s, cqStart)
		if at < 0 {
			text.WriteString(s)
			break
		}
		text.WriteString(s[:at])
		s = s[at:]
		kind, data, rest, ok := cutCode(s)
		if !ok {
			text.WriteString(s[:len(cqStart)])
			s = s[len(cqStart):]
			continue
		}
		segment, err := Decode(kind, data)
		if err != nil {
			return nil, err
		}
		flush()
		m = append(m, segment)
		s = rest
	}
	flush()
	return m, nil
}

// cutCode takes one code off the front of s, which starts with cqStart. It is not ok when the code does not close
// before the next one opens, has no type, or has a member without '='.
func cutCode(s string) (kind string, data []Field, rest string, ok bool) {
	body, rest, closed := strings.Cut(s[len(cqStart):], "]")
	if !closed || strings.Contains(body, cqStart) {
		return "", nil, "", false
	}
	kind, members, more := strings.Cut(body, ",")
	if kind == "" {
		return "", nil, "", false
	}
	for more {
		var member string
		member, members, more = strings.Cut(members, ",")
		key, value, eq := strings.Cut(member, "=")
		if !eq {
			return "", nil, "", false
		}
		data = append(data, Field{Key: keyUnescaper.Replace(key), Value: valueUnescaper.Replace(value)})
	}
	return keyUnescaper.Replace(kind), data, rest, true
}
