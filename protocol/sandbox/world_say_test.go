package sandbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

func TestSayGroup(t *testing.T) {
	w, c := newVillage(t)
	first := say(t, w, admin, square, "one")
	equal(t, first, sandbox.Message{
		ID: 1, Group: square, From: admin, Seq: 1, Random: first.Random, Time: c.at.Unix(), Nickname: "Adam", Card: "boss", Body: text("one"),
	})
	c.pass(time.Second)
	equal(t, say(t, w, ann, square, "two").Seq, 2)
	inHall := say(t, w, bot, hall, "three")
	equal(t, inHall.Seq, 500)
	equal(t, inHall.ID, 3)
	given, err := w.SayGroup(bot, square, 77, text("four"))
	equal(t, err, nil)
	equal(t, given.Random, 77)
	equal(t, w.LastSeq(square), 3)
	equal(t, w.LastSeq(hall), 500)
	equal(t, w.LastSeq(choir), 0)
	equal(t, w.LastSeq(5), 0)
	member, _ := w.Member(square, ann)
	equal(t, member.LastSpeakTime, c.at.Unix())
}

func TestSayGroupRefused(t *testing.T) {
	long := strings.Repeat("长", sandbox.MaxTextBytes/3)
	quote := message.Reply{Quote: message.Quote{Seq: 7}}
	for _, tt := range []struct {
		name string
		from protocol.UserID
		in   protocol.GroupID
		body message.Message
		code int
	}{
		{"member", ann, square, text("hi"), 0},
		{"not a member", stranger, square, text("hi"), sandbox.CodeNotMember},
		{"no such group", ann, 5, text("hi"), sandbox.CodeNotMember},
		{"muted", mute, square, text("hi"), sandbox.CodeMuted},
		{"all muted, member", bot, choir, text("hi"), sandbox.CodeMuted},
		{"all muted, admin", admin, choir, text("hi"), 0},
		{"all muted, owner", owner, choir, text("hi"), 0},
		{"empty", ann, square, nil, sandbox.CodeMalformed},
		{"two quotes", ann, square, message.Message{quote, quote}, sandbox.CodeMalformed},
		{"just short enough", ann, square, text(long), 0},
		{"too long", ann, square, text(long + "长"), sandbox.CodeTooLong},
		{"too long a mention", ann, square, message.Message{message.At{UserID: bot, Name: long}, message.Text{Text: "abc"}}, sandbox.CodeTooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newVillage(t)
			before := w.End()
			_, err := w.SayGroup(tt.from, tt.in, 0, tt.body)
			wantRefusal(t, err, tt.code)
			if said := w.End() != before; said != (tt.code == 0) {
				t.Errorf("said: %v", said)
			}
		})
	}
}

func TestMuteEnds(t *testing.T) {
	w, c := newVillage(t)
	c.pass(2*time.Minute - time.Second)
	_, err := w.SayGroup(mute, square, 0, text("still"))
	wantRefusal(t, err, sandbox.CodeMuted)
	c.pass(time.Second)
	say(t, w, mute, square, "at last")
}

func TestSayPrivate(t *testing.T) {
	w, c := newVillage(t)
	hi := whisper(t, w, ann, bot, "hi")
	equal(t, hi, sandbox.Message{
		ID: 1, From: ann, To: bot, Seq: 1, Random: hi.Random, Time: c.at.Unix(), Nickname: "Ann", Body: text("hi"),
	})
	equal(t, whisper(t, w, bot, ann, "hello").Seq, 1) // each direction counts for itself
	equal(t, whisper(t, w, ann, bot, "again").Seq, 2)
	chosen, err := w.SayPrivate(bot, ann, 22911, 5, text("client's own"))
	equal(t, err, nil)
	equal(t, chosen.Seq, 22911)
	equal(t, chosen.Random, 5)
	equal(t, whisper(t, w, bot, ann, "on from there").Seq, 22912)
	equal(t, whisper(t, w, bot, owner, "elsewhere").Seq, 1)

	for _, peer := range []protocol.UserID{admin, stranger, 5, bot} {
		_, err := w.SayPrivate(bot, peer, 0, 0, text("hi"))
		wantRefusal(t, err, sandbox.CodeNotFriend)
	}
	_, err = w.SayPrivate(bot, ann, 0, 0, nil)
	wantRefusal(t, err, sandbox.CodeMalformed)
}

func TestRandomsAreScatteredAndRepeatable(t *testing.T) {
	w, _ := newVillage(t)
	twin, _ := newVillage(t)
	seen := make(map[uint32]bool)
	var high int
	for range 2000 {
		m := say(t, w, ann, square, "x")
		equal(t, say(t, twin, ann, square, "x"), m)
		if m.Random == 0 || seen[m.Random] {
			t.Fatalf("random %d of message %d is zero or doubled", m.Random, m.ID)
		}
		seen[m.Random] = true
		if m.Random >= 1<<31 {
			high++
		}
	}
	if high < 900 || high > 1100 {
		t.Errorf("%d of 2000 randoms have the highest bit set", high)
	}
}

func TestQuotes(t *testing.T) {
	w, c := newVillage(t)
	face := message.Message{message.At{UserID: bot}, message.Face{ID: 14}}
	first, err := w.SayGroup(ann, square, 0, face)
	equal(t, err, nil)
	c.pass(time.Minute)
	full := message.Reply{ID: 1, Quote: message.Quote{Seq: 1, Sender: ann, Time: first.Time, Body: face}}
	kept := message.Reply{ID: 40, Quote: message.Quote{Seq: 40, Sender: ann, Time: 9, Body: text("lost")}}
	foreign := message.Reply{ID: 1, Quote: message.Quote{Seq: 1, Sender: bot}}
	for _, tt := range []struct {
		name       string
		said, want message.Reply
	}{
		{"by id, as a script says it", message.Reply{ID: 1}, full},
		{"by quote, as a client says it", message.Reply{Quote: message.Quote{Seq: 1, Sender: ann, Time: 3, Body: text("made up")}}, full},
		{"the quote goes before the id", message.Reply{ID: 8, Quote: message.Quote{Seq: 1}}, full},
		{"a client's unknown quote is kept", message.Reply{Quote: kept.Quote}, kept},
		{"so is one of a wrong author", message.Reply{Quote: foreign.Quote}, foreign},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := w.SayGroup(bot, square, 0, message.Message{message.Text{Text: "yes"}, tt.said})
			equal(t, err, nil)
			equal(t, m.Body, message.Message{tt.want, message.Text{Text: "yes"}})
		})
	}
	for _, id := range []int32{0, -1, 40} {
		_, err := w.SayGroup(bot, square, 0, message.Message{message.Reply{ID: id}})
		if missing, ok := errors.AsType[*protocol.NotFoundError](err); !ok || missing.Kind != protocol.KindMessage || missing.ID != int64(id) {
			t.Errorf("a quote of %d is answered with %v", id, err)
		}
	}
}

func TestQuoteOfQuoteIsFlat(t *testing.T) {
	w, _ := newVillage(t)
	say(t, w, ann, square, "one")
	for seq := range int32(3) {
		m, err := w.SayGroup(bot, square, 0, message.Message{message.Reply{ID: seq + 1}, message.Text{Text: "more"}})
		equal(t, err, nil)
		reply, _ := m.Body.Reply()
		if _, nested := reply.Quote.Body.Reply(); nested {
			t.Errorf("the quote of %d holds a quote", seq+1)
		}
	}
}

func TestPrivateQuotes(t *testing.T) {
	w, _ := newVillage(t)
	whisper(t, w, ann, bot, "from Ann")
	whisper(t, w, bot, ann, "from the bot") // both have seq 1
	for _, tt := range []struct {
		sender int64
		want   string
	}{{0, "from the bot"}, {ann, "from Ann"}, {bot, "from the bot"}} {
		m, err := w.SayPrivate(ann, bot, 0, 0, message.Message{message.Reply{ID: 1, Quote: message.Quote{Sender: tt.sender}}})
		equal(t, err, nil)
		reply, _ := m.Body.Reply()
		equal(t, reply.Quote.Body.PlainText(), tt.want)
	}
}

func TestBodyIsTheWorldsOwn(t *testing.T) {
	w, _ := newVillage(t)
	body := text("mine")
	_, err := w.SayGroup(ann, square, 0, body)
	equal(t, err, nil)
	body[0] = message.Text{Text: "changed"}
	equal(t, texts(w.GroupMessages(square, 1, 1)), []string{"mine"})
}

func TestChatOfMessage(t *testing.T) {
	w, _ := newVillage(t)
	equal(t, say(t, w, ann, square, "x").Chat(bot), protocol.GroupChat(square))
	m := whisper(t, w, ann, bot, "x")
	equal(t, m.Chat(bot), protocol.PrivateChat(ann))
	equal(t, m.Chat(ann), protocol.PrivateChat(bot))
}
