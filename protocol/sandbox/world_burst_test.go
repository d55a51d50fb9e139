package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

func TestBurst(t *testing.T) {
	w, _ := newVillage(t)
	say(t, w, ann, square, "before")
	spans, err := w.Burst(owner, []protocol.GroupID{hall, square}, 5, "go")
	equal(t, err, nil)
	equal(t, spans, []sandbox.Span{{Group: hall, First: 500, Last: 502}, {Group: square, First: 2, Last: 3}})
	equal(t, texts(w.GroupMessages(hall, 0, 999)), []string{"go #102/1", "go #102/2", "go #102/3"})
	equal(t, texts(w.GroupMessages(square, 2, 999)), []string{"go #101/1", "go #101/2"})
	changes, _, err := w.Next(t.Context(), sandbox.Cursor{}, 10)
	equal(t, err, nil)
	var order []protocol.GroupID
	for _, c := range changes[1:] {
		order = append(order, c.Message.Group)
	}
	equal(t, order, []protocol.GroupID{hall, square, hall, square, hall})

	few, err := w.Burst(owner, []protocol.GroupID{hall, square}, 1, "")
	equal(t, err, nil)
	equal(t, few, []sandbox.Span{{Group: hall, First: 503, Last: 503}})
}

func TestBurstByAnybody(t *testing.T) {
	w, _ := newVillage(t)
	_, err := w.Burst(0, []protocol.GroupID{square, hall, choir}, 3, "x")
	equal(t, err, nil)
	for _, g := range []protocol.GroupID{square, hall, choir} {
		m := w.GroupMessages(g, 0, 999)
		equal(t, len(m), 1)
		equal(t, m[0].From, protocol.UserID(owner)) // the lowest number beside the bot's
	}
}

func TestBurstRefused(t *testing.T) {
	lonely, err := sandbox.Load(strings.NewReader(`{bot: 10001, accounts: [{user_id: 10001, nickname: b}],
		groups: [{group_id: 101, name: g, members: [{user_id: 10001, role: owner}]}]}`))
	equal(t, err, nil)
	_, err = lonely.Burst(0, []protocol.GroupID{square}, 1, "x")
	wantRefusal(t, err, sandbox.CodeNotMember)

	w, _ := newVillage(t)
	for _, tt := range []struct {
		from   protocol.UserID
		groups []protocol.GroupID
		count  int
		text   string
		code   int
	}{
		{ann, []protocol.GroupID{square, hall}, 4, "x", sandbox.CodeNotMember},
		{bot, []protocol.GroupID{square, choir}, 4, "x", sandbox.CodeMuted},
		{0, []protocol.GroupID{square, 5}, 4, "x", sandbox.CodeNotMember},
		{owner, []protocol.GroupID{square}, 4, strings.Repeat("x", sandbox.MaxTextBytes), sandbox.CodeTooLong},
	} {
		_, err := w.Burst(tt.from, tt.groups, tt.count, tt.text)
		t.Run(fmt.Sprint(tt.from, tt.groups), func(t *testing.T) { wantRefusal(t, err, tt.code) })
	}
	for _, tt := range []struct {
		groups []protocol.GroupID
		count  int
		want   string
	}{
		{nil, 1, "at least one group"},
		{[]protocol.GroupID{square}, 0, "at least one group and one message"},
		{[]protocol.GroupID{square, square}, 1, "group 101 is named twice"},
	} {
		if _, err := w.Burst(owner, tt.groups, tt.count, "x"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error is %v, want %q", err, tt.want)
		}
	}
	equal(t, w.End(), sandbox.Cursor{}) // all or nothing
}

func BenchmarkBurst(b *testing.B) {
	for b.Loop() {
		if _, err := sandbox.Default().Burst(0, []protocol.GroupID{30001, 30002}, 50_000, "x"); err != nil {
			b.Fatal(err)
		}
	}
}
