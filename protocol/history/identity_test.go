package history

import (
	"reflect"
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

func TestMatch(t *testing.T) {
	const day = int64(reuseAfter)
	group := protocol.GroupChat(100)
	private := protocol.PrivateChat(7)
	for _, c := range []struct {
		name       string
		ref        protocol.Ref
		candidates []candidate
		want       int32 // 0: none
	}{
		{"nothing there", protocol.Ref{Chat: group, Sender: 7, Random: 1}, nil, 0},
		{"same random", protocol.Ref{Chat: group, Sender: 7, Random: 1}, []candidate{{id: 1, sender: 7, random: 1}}, 1},
		{"other random", protocol.Ref{Chat: group, Sender: 7, Random: 1}, []candidate{{id: 1, sender: 7, random: 2}}, 0},
		{"other sender", protocol.Ref{Chat: private, Sender: 7, Random: 1}, []candidate{{id: 1, sender: 8, random: 1}}, 0},
		{"any sender", protocol.Ref{Chat: group}, []candidate{{id: 1, sender: 8, random: 1}}, 1},
		{
			"any random: newest",
			protocol.Ref{Chat: group, Sender: 7},
			[]candidate{{id: 1, sender: 7, random: 1}, {id: 3, sender: 7, random: 2}, {id: 2, sender: 7, random: 3}},
			3,
		},
		{"random unknown there", protocol.Ref{Chat: group, Sender: 7, Random: 1}, []candidate{{id: 1, sender: 7, standIn: true}}, 1},
		{"sender unknown there", protocol.Ref{Chat: group, Sender: 7, Random: 1}, []candidate{{id: 1, standIn: true}}, 1},
		{"exact before newest", protocol.Ref{Chat: group, Sender: 7, Random: 1}, []candidate{{id: 9, sender: 7}, {id: 1, sender: 7, random: 1}}, 1},
		{"private, a day apart", protocol.Ref{Chat: private, Sender: 7, Time: day}, []candidate{{id: 1, sender: 7, random: 1, time: 1}}, 1},
		{"private, longer ago", protocol.Ref{Chat: private, Sender: 7, Time: 2*day + 2}, []candidate{{id: 1, sender: 7, random: 1, time: day}}, 0},
		{"private, clock ahead", protocol.Ref{Chat: private, Sender: 7, Time: 1}, []candidate{{id: 1, sender: 7, random: 1, time: 3 * day}}, 0},
		{"same random, another time", protocol.Ref{Chat: group, Sender: 7, Random: 1, Time: 9}, []candidate{{id: 1, sender: 7, random: 1, time: 8}}, 0},
		{
			"group, near before newest",
			protocol.Ref{Chat: group, Sender: 7, Time: 5 * day},
			[]candidate{{id: 1, sender: 7, random: 1, time: 5*day - 1}, {id: 2, sender: 7, random: 2, time: 9 * day}},
			1,
		},
		{"private, time unknown", protocol.Ref{Chat: private, Sender: 7}, []candidate{{id: 1, sender: 7, random: 1, time: 3 * day}}, 1},
		{"group, any time", protocol.Ref{Chat: group, Sender: 7, Time: 9 * day}, []candidate{{id: 1, sender: 7, random: 1, time: 1}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := match(c.ref, c.candidates)
			if got.id != c.want || ok != (c.want != 0) {
				t.Errorf("match = %d, %v; want %d", got.id, ok, c.want)
			}
		})
	}
}

// quoting makes a message that replies to another.
func quoting(seq uint32, quoted protocol.Message) protocol.Message {
	m := said(seq, "")
	m.Body = message.Message{
		message.Reply{Quote: message.Quote{
			Seq: quoted.Ref.Seq, Sender: int64(quoted.Ref.Sender), Time: quoted.Ref.Time, Body: quoted.Body,
		}},
		message.Text{Text: "indeed"},
	}
	return m
}

func withReplyID(m protocol.Message, id int32) protocol.Message {
	reply := m.Body[0].(message.Reply)
	reply.ID = id
	m.Body = message.Message{reply, m.Body[1]}
	return m
}

func TestReplyFindsWhatItQuotes(t *testing.T) {
	s := openNew(t)
	first := said(1, "first")
	answer := quoting(2, first)
	handedIn := answer.Body
	msgs := []protocol.Message{first, answer}
	ids, err := s.Record(t.Context(), msgs) // in one batch
	if err != nil {
		t.Fatal(err)
	}
	want := withReplyID(answer, ids[0])
	if !reflect.DeepEqual(msgs[1], want) {
		t.Errorf("Record completed %+v\nwant %+v", msgs[1], want)
	}
	if id := handedIn[0].(message.Reply).ID; id != 0 {
		t.Errorf("the caller's own segment was changed to %d", id)
	}
	requireMessage(t, s, ids[1], want)

	// Told again, as an echo of an own message is, it is completed too.
	msgs = []protocol.Message{answer}
	if again, err := s.Record(t.Context(), msgs); err != nil || again[0] != ids[1] || !reflect.DeepEqual(msgs[0], want) {
		t.Errorf("second Record = %v, %v: %+v", again, err, msgs[0])
	}
}

func TestReplyWithKnownIDIsLeftAlone(t *testing.T) {
	s := openNew(t)
	m := withReplyID(quoting(5, said(4, "never recorded")), 77)
	requireMessage(t, s, recordOne(t, s, m), m)
	if _, err := s.Get(t.Context(), 2); err == nil {
		t.Error("a stand-in was made for a reply that knew its id")
	}
}

func TestQuoteOfAnUnseenMessage(t *testing.T) {
	s := openNew(t)
	unseen := said(1, "before our time")
	msgs := []protocol.Message{quoting(2, unseen), quoting(3, unseen)}
	ids, err := s.Record(t.Context(), msgs)
	if err != nil {
		t.Fatal(err)
	}
	id := msgs[0].Body[0].(message.Reply).ID
	if id <= 0 || id == ids[0] || msgs[1].Body[0].(message.Reply).ID != id {
		t.Fatalf("replies quote %d and %d", id, msgs[1].Body[0].(message.Reply).ID)
	}
	standIn := unseen
	standIn.Ref.Random = 0
	standIn.Sender = protocol.Sender{UserID: unseen.Ref.Sender}
	requireMessage(t, s, id, standIn)

	// The message itself turns up, as when history is fetched: it takes the id over, once.
	if got := recordOne(t, s, unseen); got != id {
		t.Errorf("the message got id %d, its stand-in had %d", got, id)
	}
	requireMessage(t, s, id, unseen)
	late := unseen
	late.Body = message.Message{message.Text{Text: "forged"}}
	if got := recordOne(t, s, late); got != id {
		t.Errorf("told again it got id %d", got)
	}
	requireMessage(t, s, id, unseen)
}

func TestQuoteWithinAQuoteIsLeftOut(t *testing.T) {
	s := openNew(t)
	inner := quoting(2, said(1, "inner"))
	outer := quoting(3, inner)
	m := []protocol.Message{outer}
	if _, err := s.Record(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), m[0].Body[0].(message.Reply).ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := (message.Message{message.Text{Text: "indeed"}}); !reflect.DeepEqual(got.Body, want) {
		t.Errorf("stand-in body %+v, want %+v", got.Body, want)
	}
}

func TestResolve(t *testing.T) {
	s := openNew(t)
	known, unseen := said(1, "known"), said(2, "unseen")
	id := recordOne(t, s, known)
	vague := known.Ref
	vague.Random = 0
	ids, err := s.Resolve(t.Context(), []protocol.Ref{known.Ref, vague, unseen.Ref, unseen.Ref})
	if err != nil {
		t.Fatal(err)
	}
	if ids[0] != id || ids[1] != id || ids[2] == id || ids[3] != ids[2] {
		t.Fatalf("ids = %v; the known one is %d", ids, id)
	}
	requireMessage(t, s, id, known)
	requireMessage(t, s, ids[2], protocol.Message{
		Ref: unseen.Ref, Sender: protocol.Sender{UserID: unseen.Ref.Sender}, Body: message.Message{},
	})
	if got := recordOne(t, s, unseen); got != ids[2] {
		t.Errorf("the message got id %d, its stand-in had %d", got, ids[2])
	}
	requireMessage(t, s, ids[2], unseen)
}
