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
	for {
		closing := strings.IndexByte(s, ']')
		if closing < 0 {
			break // nothing closes any more
		}
		candidate := s[:closing+1]
		s = s[closing+1:]
		// Of several openings only the last is closed here.
		opening := strings.LastIndex(candidate, cqStart)
		kind, data, ok := "", []Field(nil), false
		if opening >= 0 {
			kind, data, ok = readCode(candidate[opening+len(cqStart) : closing])
		}
		if !ok {
			text.WriteString(candidate)
			continue
		}
		text.WriteString(candidate[:opening])
		segment, err := Decode(kind, data)
		if err != nil {
			return nil, err
		}
		flush()
		m = append(m, segment)
	}
	text.WriteString(s)
	flush()
	return m, nil
}

// readCode reads what stands between "[CQ:" and "]". It is not ok without a type, or with a member that has no '='.
func readCode(body string) (kind string, data []Field, ok bool) {
	kind, members, more := strings.Cut(body, ",")
	if kind == "" {
		return "", nil, false
	}
	for more {
		var member string
		member, members, more = strings.Cut(members, ",")
		key, value, eq := strings.Cut(member, "=")
		if !eq {
			return "", nil, false
		}
		data = append(data, Field{Key: keyUnescaper.Replace(key), Value: valueUnescaper.Replace(value)})
	}
	return keyUnescaper.Replace(kind), data, true
}
