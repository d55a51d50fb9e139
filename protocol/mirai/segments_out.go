package mirai

import (
	"fmt"

	mirai "github.com/Mrs4s/MiraiGo/message"

	"echogate/protocol"
	"echogate/protocol/message"
)

// maxEstimate is the size from which QQ refuses a message, in MiraiGo's estimate: bytes of text, 444 for a quote and what
// is quoted (MiraiGo client/group_msg.go and message/message.go).
const maxEstimate = 5000

// maxQuoted is how many bytes of a quoted message go along. QQ's clients show two lines.
const maxQuoted = 300

// toElements turns segments into what MiraiGo packs. nameOf gives the name to show after the @.
func toElements(body message.Message, nameOf func(protocol.UserID) string) ([]mirai.IMessageElement, error) {
	var elements []mirai.IMessageElement
	quotes := 0
	for _, s := range body {
		switch s := s.(type) {
		case message.Text:
			if s.Text != "" {
				elements = append(elements, mirai.NewText(s.Text))
			}
		case message.At:
			elements = append(elements, toAt(s, nameOf))
		case message.Face:
			if s.ID < 0 || s.ID > 1<<16-1 {
				return nil, &protocol.UnsendableError{Segment: "face", Reason: fmt.Sprintf("there is no face %d", s.ID)}
			}
			elements = append(elements, mirai.NewFace(int32(s.ID)))
		case message.Reply:
			quotes++
			if quotes > 1 {
				return nil, &protocol.UnsendableError{Segment: "reply", Reason: "a message can quote only one other"}
			}
			quote, err := toReply(s)
			if err != nil {
				return nil, err
			}
			elements = append(elements, quote)
		default:
			return nil, &protocol.UnsendableError{Segment: s.Type(), Reason: "this driver sends text, at, face and reply"}
		}
	}
	if len(elements) == quotes {
		return nil, &protocol.UnsendableError{Reason: "it is empty"}
	}
	if n := mirai.EstimateLength(elements); n > maxEstimate {
		return nil, &protocol.UnsendableError{Reason: fmt.Sprintf("it is too long: about %d bytes, QQ takes %d", n, maxEstimate)}
	}
	return elements, nil
}

func toAt(a message.At, nameOf func(protocol.UserID) string) mirai.IMessageElement {
	if a.All {
		return mirai.AtAll()
	}
	name := a.Name
	if name == "" {
		name = nameOf(protocol.UserID(a.UserID))
	}
	if name == "" {
		return mirai.NewAt(a.UserID)
	}
	return mirai.NewAt(a.UserID, "@"+name)
}

// toReply makes the quote of a known message.
func toReply(r message.Reply) (*mirai.ReplyElement, error) {
	q := r.Quote
	if q.Seq == 0 || q.Sender == 0 {
		return nil, &protocol.UnsendableError{Segment: "reply", Reason: "the quoted message is not known"}
	}
	return &mirai.ReplyElement{
		ReplySeq: int32(q.Seq), Sender: q.Sender, Time: int32(q.Time), Elements: quoted(q.Body),
	}, nil
}

// quoted is the content of a quote as far as it can be packed; what cannot is shown as its type, as QQ's clients do
// with pictures.
func quoted(body message.Message) []mirai.IMessageElement {
	var elements []mirai.IMessageElement
	left := maxQuoted
	for _, s := range body {
		var e mirai.IMessageElement
		switch s := s.(type) {
		case message.Text:
			e = mirai.NewText(shorten(s.Text, left))
		case message.At:
			e = mirai.NewText(shorten(toAt(s, func(protocol.UserID) string { return "" }).(*mirai.AtElement).Display, left))
		case message.Face:
			e = mirai.NewFace(int32(s.ID))
		case message.Reply:
			continue // a quote within a quote is not shown
		default:
			e = mirai.NewText(shorten("["+s.Type()+"]", left))
		}
		if left -= mirai.EstimateLength([]mirai.IMessageElement{e}); left <= 0 {
			return append(elements, e)
		}
		elements = append(elements, e)
	}
	return elements
}

// shorten cuts s to at most limit bytes without breaking a character.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := 0
	for i := range s {
		if i > limit {
			break
		}
		end = i
	}
	return s[:end]
}

// asSent is body as the other side will see it: without empty texts, and with the quote first, where the wire has it.
func asSent(body message.Message) message.Message {
	sent := make(message.Message, 0, len(body))
	if quote, ok := body.Reply(); ok {
		sent = append(sent, quote)
	}
	for _, s := range body {
		switch s := s.(type) {
		case message.Reply:
			continue
		case message.Text:
			if s.Text == "" {
				continue
			}
		}
		sent = append(sent, s)
	}
	return sent
}
