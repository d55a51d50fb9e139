package mirai

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	mirai "github.com/Mrs4s/MiraiGo/message"

	"echogate/protocol/message"
)

// fromElements turns what MiraiGo read into segments. Everything that is not modelled becomes an Unknown with
// OneBot's word for it where there is one.
func fromElements(elements []mirai.IMessageElement) message.Message {
	body := make(message.Message, 0, len(elements))
	afterAt := false
	for _, e := range elements {
		if t, ok := e.(*mirai.TextElement); ok && afterAt && t.Content == " " {
			afterAt = false // the blank that clients add; see the package comment
			continue
		}
		_, afterAt = e.(*mirai.AtElement)
		if s := fromElement(e); s != nil {
			body = append(body, s)
		}
	}
	if len(body) == 0 {
		// MiraiGo drops what it does not know. That something was said must not be dropped with it.
		return message.Message{message.Unknown{Kind: "unknown"}}
	}
	return body
}

func fromElement(e mirai.IMessageElement) message.Segment {
	switch e := e.(type) {
	case *mirai.TextElement:
		if e.Content == "" {
			return nil
		}
		return message.Text{Text: e.Content}
	case *mirai.AtElement:
		if e.SubType != mirai.AtTypeGroupMember {
			return message.Text{Text: e.Display}
		}
		return message.At{UserID: e.Target, All: e.Target == 0}
	case *mirai.FaceElement:
		return message.Face{ID: int(e.Index)}
	case *mirai.ReplyElement:
		return message.Reply{Quote: message.Quote{
			Seq: uint32(e.ReplySeq), Sender: e.Sender, Time: int64(e.Time), Body: fromQuoted(e.Elements),
		}}
	default:
		return unknown(e)
	}
}

// fromQuoted is fromElements for a quote's content, which may well be empty.
func fromQuoted(elements []mirai.IMessageElement) message.Message {
	if len(elements) == 0 {
		return nil
	}
	return fromElements(elements)
}

// unknown names an element that is not modelled and keeps what tells about it.
func unknown(e mirai.IMessageElement) message.Unknown {
	switch e := e.(type) {
	case *mirai.GroupImageElement:
		return image(e.Md5, e.Url)
	case *mirai.FriendImageElement:
		return image(e.Md5, e.Url)
	case *mirai.VoiceElement:
		return named("record", "file", e.Name, "url", e.Url)
	case *mirai.ShortVideoElement:
		return named("video", "file", e.Name, "url", e.Url)
	case *mirai.ForwardElement:
		return named("forward", "id", e.ResId)
	case *mirai.LightAppElement:
		return named("json", "data", e.Content)
	case *mirai.ServiceElement:
		if e.SubType == "xml" || strings.HasPrefix(e.Content, "<?xml") {
			return named("xml", "data", e.Content, "resid", e.ResId)
		}
		return named("json", "data", e.Content)
	case *mirai.GroupFileElement:
		return named("file", "name", e.Name, "id", e.Path, "size", strconv.FormatInt(e.Size, 10))
	case *mirai.DiceElement:
		return named("dice", "value", strconv.Itoa(int(e.Value)))
	case *mirai.FingerGuessingElement:
		return named("rps", "value", strconv.Itoa(int(e.Value)))
	case *mirai.MarketFaceElement:
		return named("mface", "text", e.Name, "id", hex.EncodeToString(e.FaceId))
	case *mirai.AnimatedSticker:
		return named("face", "id", strconv.Itoa(int(e.ID)), "type", "sticker")
	case *mirai.RedBagElement:
		return named("redbag", "title", e.Title)
	default:
		return message.Unknown{Kind: strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", e), "*message."))}
	}
}

func image(md5 []byte, url string) message.Unknown {
	return named("image", "file", hex.EncodeToString(md5)+".image", "url", url)
}

// named makes an Unknown from keys and values; empty values are left out.
func named(kind string, pairs ...string) message.Unknown {
	u := message.Unknown{Kind: kind}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			u.Data = append(u.Data, message.Field{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return u
}
