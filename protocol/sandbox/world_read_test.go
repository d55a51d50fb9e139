package sandbox_test

import (
	"math"
	"testing"

	"echogate/protocol"
)

func TestGroupMessages(t *testing.T) {
	w, _ := newVillage(t)
	for _, s := range []string{"500", "501", "502"} {
		say(t, w, bot, hall, s)
	}
	for _, tt := range []struct {
		in       protocol.GroupID
		from, to uint32
		want     []string
	}{
		{hall, 500, 502, []string{"500", "501", "502"}},
		{hall, 501, 501, []string{"501"}},
		{hall, 0, math.MaxUint32, []string{"500", "501", "502"}},
		{hall, 502, 900, []string{"502"}},
		{hall, 503, 900, []string{}},
		{hall, 0, 499, []string{}},
		{hall, 502, 500, []string{}},
		{square, 0, 9, []string{}},
		{5, 0, 9, []string{}},
	} {
		equal(t, texts(w.GroupMessages(tt.in, tt.from, tt.to)), tt.want)
	}
	w.GroupMessages(hall, 500, 500)[0].Nickname = "changed"
	equal(t, w.GroupMessages(hall, 500, 500)[0].Nickname, "bot")
}

func TestPrivateMessages(t *testing.T) {
	w, _ := newVillage(t)
	first := whisper(t, w, ann, bot, "a")
	say(t, w, ann, square, "elsewhere")
	second := whisper(t, w, bot, ann, "b")
	whisper(t, w, bot, owner, "another chat")
	last := whisper(t, w, ann, bot, "c")
	for _, tt := range []struct {
		a, b  protocol.UserID
		after uint64
		limit int
		want  []string
	}{
		{ann, bot, 0, 0, []string{"a", "b", "c"}},
		{bot, ann, 0, 2, []string{"a", "b"}},
		{ann, bot, first.ID, 0, []string{"b", "c"}},
		{ann, bot, first.ID + 1, 9, []string{"b", "c"}},
		{ann, bot, second.ID, 0, []string{"c"}},
		{ann, bot, last.ID, 0, []string{}},
		{ann, bot, math.MaxUint64, 0, []string{}},
		{ann, owner, 0, 0, []string{}},
	} {
		equal(t, texts(w.PrivateMessages(tt.a, tt.b, tt.after, tt.limit)), tt.want)
	}
}

func TestFindPrivate(t *testing.T) {
	w, _ := newVillage(t)
	anns := whisper(t, w, ann, bot, "a")
	bots := whisper(t, w, bot, ann, "b")
	find := func(from protocol.UserID, seq uint32) uint64 {
		m, _ := w.FindPrivate(bot, ann, from, seq)
		return m.ID
	}
	equal(t, find(0, 1), bots.ID)
	equal(t, find(ann, 1), anns.ID)
	equal(t, find(bot, 1), bots.ID)
	equal(t, find(0, 2), 0)
	_, ok := w.FindPrivate(bot, owner, 0, 1)
	equal(t, ok, false)
}
