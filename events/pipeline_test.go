package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/history"
	"echogate/protocol/message"
)

// source is a driver as far as the pipeline sees one.
type source chan protocol.Event

func (s source) Events() <-chan protocol.Event { return s }
func (s source) Status() protocol.Status       { return busy() }

// newHistory runs a real store for the time of the test.
func newHistory(tb testing.TB) *history.Store {
	tb.Helper()
	store, err := history.Open(tb.Context(), filepath.Join(tb.TempDir(), "history.db"), zerolog.Nop())
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error)
	go func() { ended <- store.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	return store
}

// published is what tests read of an event.
type published struct {
	PostType      string          `json:"post_type"`
	MessageType   string          `json:"message_type"`
	NoticeType    string          `json:"notice_type"`
	MetaEventType string          `json:"meta_event_type"`
	MessageID     int32           `json:"message_id"`
	MessageSeq    uint32          `json:"message_seq"`
	GroupID       int64           `json:"group_id"`
	RawMessage    string          `json:"raw_message"`
	Message       json.RawMessage `json:"message"`
}

// play runs a pipeline over the events until all are handled and returns what it published.
func play(t *testing.T, h History, c Config, events ...protocol.Event) []published {
	t.Helper()
	stream := make(source, len(events))
	for _, e := range events {
		stream <- e
	}
	close(stream)
	var all []published
	p := NewPipeline(Options{Config: c, Source: stream, History: h, Publish: func(batch []Encoded) {
		if len(batch) == 0 || len(batch) > batchEvents {
			t.Errorf("batch of %d", len(batch))
		}
		for _, e := range batch {
			if err := errors.Join(checkEvent(e.Array), checkEvent(e.String)); err != nil {
				t.Errorf("%v\n%s", err, e.Array)
			}
			var one published
			if err := json.Unmarshal(e.Array, &one); err != nil {
				t.Fatal(err)
			}
			all = append(all, one)
		}
	}})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMessageIsStoredThenPublished(t *testing.T) {
	store := newHistory(t)
	got := play(t, store, Config{}, protocol.Received{Message: groupSaid()}, protocol.Received{Message: privateSaid()})
	if len(got) != 2 || got[0].MessageType != "group" || got[1].MessageType != "private" {
		t.Fatalf("published %+v", got)
	}
	for i, want := range []protocol.Ref{groupSaid().Ref, privateSaid().Ref} {
		stored, err := store.Get(t.Context(), got[i].MessageID)
		if err != nil || stored.Ref != want {
			t.Errorf("message %d is %+v, %v", got[i].MessageID, stored.Ref, err)
		}
	}
}

func TestOwnMessages(t *testing.T) {
	ownGroup, ownPrivate := own(groupSaid()), own(privateSaid())
	events := []protocol.Event{
		protocol.Received{Message: ownGroup}, protocol.Received{Message: groupSaid()}, protocol.Received{Message: ownPrivate},
	}
	store := newHistory(t)
	if got := play(t, store, Config{}, events...); len(got) != 1 || got[0].PostType != "message" {
		t.Errorf("published %+v", got)
	}
	for _, ref := range []protocol.Ref{ownGroup.Ref, ownPrivate.Ref} {
		ids, err := store.Resolve(t.Context(), []protocol.Ref{ref})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := store.Get(t.Context(), ids[0]); err != nil || !m.Self { // a stand-in is nobody's own
			t.Errorf("own message is not stored: %+v, %v", m, err)
		}
	}
	got := play(t, store, Config{ReportSelf: true}, events...)
	if len(got) != 3 || got[0].PostType != "message_sent" || got[1].PostType != "message" || got[2].PostType != "message_sent" {
		t.Errorf("with report_self: published %+v", got)
	}
}

func TestReplyIDIsWrittenIntoTheEvent(t *testing.T) {
	store := newHistory(t)
	first, answer := groupSaid(), groupSaid()
	first.Body = message.Message{message.Text{Text: "first"}}
	answer.Ref.Seq, answer.Ref.Random = 4322, 100
	answer.Body = message.Message{
		message.Reply{Quote: message.Quote{Seq: first.Ref.Seq, Sender: int64(first.Ref.Sender), Time: first.Ref.Time, Body: first.Body}},
		message.Text{Text: "second"},
	}
	unseen := answer
	unseen.Ref.Seq, unseen.Ref.Random = 4323, 101
	unseen.Body = message.Message{message.Reply{Quote: message.Quote{Seq: 17, Sender: 10005, Time: 5, Body: first.Body}}}

	got := play(t, store, Config{}, protocol.Received{Message: first}, protocol.Received{Message: answer}, protocol.Received{Message: unseen})
	quoted := func(p published) int32 {
		var m message.Message
		if err := json.Unmarshal(p.Message, &m); err != nil {
			t.Fatal(err)
		}
		reply, ok := m.Reply()
		if !ok {
			t.Fatalf("no reply in %s", p.Message)
		}
		return reply.ID
	}
	if id := quoted(got[1]); id != got[0].MessageID {
		t.Errorf("the reply quotes %d, want %d", id, got[0].MessageID)
	}
	standIn, err := store.Get(t.Context(), quoted(got[2]))
	if err != nil || standIn.Ref.Seq != 17 || standIn.Sender.UserID != 10005 || standIn.Body.PlainText() != "first" {
		t.Errorf("the unseen quoted message is %+v, %v", standIn, err)
	}
}

func TestRecalls(t *testing.T) {
	store := newHistory(t)
	vague := groupRecalled()
	vague.Ref.Random = 0 // as QQ often leaves it
	unseen := groupRecalled()
	unseen.Ref.Seq = 9999
	ownRecall := protocol.Recalled{Ref: own(privateSaid()).Ref, Operator: self, Time: 7}
	events := []protocol.Event{
		protocol.Received{Message: groupSaid()},
		vague, unseen, unseen, friendRecalled(), ownRecall,
		protocol.Received{Message: privateSaid()}, // after its own recall
	}
	got := play(t, store, Config{}, events...)
	var kinds []string
	for _, p := range got {
		kinds = append(kinds, p.MessageType+p.NoticeType)
	}
	if fmt.Sprint(kinds) != "[group group_recall group_recall group_recall friend_recall private]" {
		t.Fatalf("published %v", kinds)
	}
	if got[1].MessageID != got[0].MessageID {
		t.Errorf("recalled %d, want %d", got[1].MessageID, got[0].MessageID)
	}
	if id := got[2].MessageID; id == got[0].MessageID || id <= 0 || got[3].MessageID != id {
		t.Errorf("the unseen message has ids %d and %d", id, got[3].MessageID)
	}
	if got[4].MessageID != got[5].MessageID {
		t.Errorf("recalled %d, said %d", got[4].MessageID, got[5].MessageID)
	}
	if got := play(t, store, Config{ReportSelf: true}, ownRecall); len(got) != 1 || got[0].NoticeType != "friend_recall" {
		t.Errorf("with report_self: own recall published %+v", got)
	}
}

func TestOrderInEveryGroup(t *testing.T) {
	const groups, each = 7, 3*batchEvents/7 + 50 // several batches, the last not full
	var events []protocol.Event
	for seq := range uint32(each) {
		for g := range groups {
			m := bare()
			m.Ref.Chat, m.Ref.Seq, m.Ref.Random = protocol.GroupChat(protocol.GroupID(100+g)), seq+1, seq+1
			events = append(events, protocol.Received{Message: m})
		}
	}
	last := map[int64]uint32{}
	ids := map[int32]bool{}
	for _, p := range play(t, newHistory(t), Config{}, events...) {
		if p.MessageSeq != last[p.GroupID]+1 {
			t.Fatalf("group %d: seq %d after %d", p.GroupID, p.MessageSeq, last[p.GroupID])
		}
		last[p.GroupID] = p.MessageSeq
		ids[p.MessageID] = true
	}
	if len(ids) != groups*each {
		t.Errorf("%d ids for %d messages", len(ids), groups*each)
	}
}

func TestSessionEventsAreNotPublished(t *testing.T) {
	stream := make(source, 2)
	stream <- protocol.Online{Self: protocol.Account{UserID: self}}
	stream <- protocol.Offline{Reason: "kicked by a phone"}
	close(stream)
	p := NewPipeline(Options{Source: stream, History: newHistory(t), Publish: func(batch []Encoded) {
		t.Errorf("published %d events", len(batch))
	}})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(stream) > 0 {
		t.Errorf("%d events were left", len(stream))
	}
}

// brokenHistory fails.
type brokenHistory struct{ record, resolve error }

func (b brokenHistory) Record(_ context.Context, m []protocol.Message) ([]int32, error) {
	return make([]int32, len(m)), b.record
}

func (b brokenHistory) Resolve(_ context.Context, r []protocol.Ref) ([]int32, error) {
	return make([]int32, len(r)), b.resolve
}

func TestHistoryFails(t *testing.T) {
	for _, h := range []brokenHistory{{record: history.ErrExhausted}, {resolve: history.ErrExhausted}} {
		stream := make(source, 1)
		stream <- protocol.Received{Message: bare()}
		p := NewPipeline(Options{Source: stream, History: h, Publish: func([]Encoded) {
			t.Error("published what is not stored")
		}})
		if err := p.Run(t.Context()); !errors.Is(err, history.ErrExhausted) {
			t.Errorf("Run = %v", err)
		}
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stream := make(source)
	taken := make(chan struct{})
	p := NewPipeline(Options{Source: stream, History: newHistory(t), Publish: func([]Encoded) { close(taken) }})
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	stream <- protocol.Received{Message: bare()}
	<-taken
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	// Interrupted within the history: the same.
	p = NewPipeline(Options{Source: stream, History: brokenHistory{record: context.Canceled}, Publish: func([]Encoded) {
		t.Error("published what is not stored")
	}})
	if err := p.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
}
