package sandbox_test

import (
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

func TestRecallGroup(t *testing.T) {
	for _, tt := range []struct {
		name       string
		author, by protocol.UserID
		age        time.Duration
		code       int
	}{
		{"own", ann, ann, 2 * time.Minute, 0},
		{"own, too late", ann, ann, 2*time.Minute + time.Second, sandbox.CodeRecall},
		{"admin's own, too late", admin, admin, time.Hour, sandbox.CodeRecall},
		{"another member's", bot, ann, 0, sandbox.CodeRecall},
		{"member's, by an admin", ann, admin, time.Hour, 0},
		{"member's, by the owner", ann, owner, time.Hour, 0},
		{"admin's, by a member", admin, ann, 0, sandbox.CodeRecall},
		{"admin's, by an admin", admin, deputy, 0, sandbox.CodeRecall},
		{"admin's, by the owner", admin, owner, time.Hour, 0},
		{"owner's, by an admin", owner, admin, 0, sandbox.CodeRecall},
		{"by somebody who is not there", ann, stranger, 0, sandbox.CodeRecall},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, c := newVillage(t)
			m := say(t, w, tt.author, square, "oops")
			before := w.End()
			c.pass(tt.age)
			got, err := w.RecallGroup(tt.by, square, m.Seq, m.Random)
			wantRefusal(t, err, tt.code)
			kept := w.GroupMessages(square, m.Seq, m.Seq)[0]
			if tt.code != 0 {
				equal(t, kept, m)
				equal(t, w.End(), before)
				return
			}
			m.Recalled, m.RecalledBy = true, tt.by
			equal(t, got, m)
			equal(t, kept, m)
		})
	}
}

func TestRecallGroupFindsNothing(t *testing.T) {
	w, _ := newVillage(t)
	m := say(t, w, ann, square, "x")
	for _, tt := range []struct {
		name        string
		in          protocol.GroupID
		seq, random uint32
	}{
		{"seq", square, m.Seq + 1, 0},
		{"seq 0", square, 0, 0},
		{"random", square, m.Seq, m.Random + 1},
		{"group", 5, m.Seq, 0},
		{"other group", hall, m.Seq, 0},
	} {
		_, err := w.RecallGroup(ann, tt.in, tt.seq, tt.random)
		t.Run(tt.name, func(t *testing.T) { wantRefusal(t, err, sandbox.CodeRecall) })
	}
	_, err := w.RecallGroup(ann, square, m.Seq, 0)
	wantRefusal(t, err, 0)
	_, err = w.RecallGroup(ann, square, m.Seq, 0)
	wantRefusal(t, err, sandbox.CodeRecall) // once is enough
}

func TestRecallPrivate(t *testing.T) {
	w, c := newVillage(t)
	m := whisper(t, w, ann, bot, "x")
	for _, tt := range []struct {
		name        string
		by, peer    protocol.UserID
		seq, random uint32
	}{
		{"by the peer", bot, ann, m.Seq, m.Random},
		{"seq", ann, bot, m.Seq + 1, 0},
		{"random", ann, bot, m.Seq, m.Random + 1},
		{"chat", ann, owner, m.Seq, 0},
	} {
		_, err := w.RecallPrivate(tt.by, tt.peer, tt.seq, tt.random)
		t.Run(tt.name, func(t *testing.T) { wantRefusal(t, err, sandbox.CodeRecall) })
	}
	c.pass(2 * time.Minute)
	got, err := w.RecallPrivate(ann, bot, m.Seq, m.Random)
	equal(t, err, nil)
	m.Recalled, m.RecalledBy = true, ann
	equal(t, got, m)

	late := whisper(t, w, ann, bot, "y")
	c.pass(2*time.Minute + time.Second)
	_, err = w.RecallPrivate(ann, bot, late.Seq, 0)
	wantRefusal(t, err, sandbox.CodeRecall)
}

// TestRecallPrivateAfterRestart: a client that starts anew counts from the beginning again; the newest message with the
// seq is meant, and the random tells the older one.
func TestRecallPrivateAfterRestart(t *testing.T) {
	w, _ := newVillage(t)
	for random := range uint32(2) {
		_, err := w.SayPrivate(bot, ann, 22911, random+1, text("x"))
		equal(t, err, nil)
	}
	newest, err := w.RecallPrivate(bot, ann, 22911, 0)
	equal(t, err, nil)
	equal(t, newest.Random, 2)
	older, err := w.RecallPrivate(bot, ann, 22911, 1)
	equal(t, err, nil)
	equal(t, older.ID, 1)
}
