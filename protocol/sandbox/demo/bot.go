package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-json"
	"nhooyr.io/websocket"
)

// bot is a OneBot 11 application with a reverse WebSocket server, as small as one can be: it greets, explains itself,
// reads what was quoted and notices recalls.
type bot struct {
	transcript *transcript
	connected  chan struct{} // receives once for each lifecycle event

	links sync.WaitGroup // entered with mu held and not over

	mu      sync.Mutex
	over    bool
	calls   int
	waiting map[string]chan answer // by echo
}

func newBot(t *transcript) *bot {
	return &bot{transcript: t, connected: make(chan struct{}, 1), waiting: map[string]chan answer{}}
}

// event holds the members of all events that the bot looks at.
type event struct {
	PostType      string          `json:"post_type"`
	MetaEventType string          `json:"meta_event_type"`
	MessageType   string          `json:"message_type"`
	NoticeType    string          `json:"notice_type"`
	SelfID        int64           `json:"self_id"`
	GroupID       int64           `json:"group_id"`
	UserID        int64           `json:"user_id"`
	MessageID     int32           `json:"message_id"`
	RawMessage    string          `json:"raw_message"`
	Message       json.RawMessage `json:"message"` // segments in events, words in answers
	Echo          json.RawMessage `json:"echo"`
}

type segment struct {
	Type string            `json:"type"`
	Data map[string]string `json:"data"`
}

// answer is what an action came to.
type answer struct {
	Status  string `json:"status"`
	Wording string `json:"wording"`
	Data    struct {
		RawMessage string `json:"raw_message"`
	} `json:"data"`
}

// ServeHTTP accepts the daemon's link and serves it until it closes or the request's context ends.
func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !b.enter() {
		return
	}
	defer b.links.Done()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }() // it is closed or closing
	ctx, cancel := context.WithCancel(r.Context())
	events := make(chan event, 64)
	var worker sync.WaitGroup
	worker.Go(func() {
		for e := range events {
			if err := b.react(ctx, conn, e); err != nil && ctx.Err() == nil {
				b.transcript.note("bot: %v", err)
			}
		}
	})
	b.read(ctx, conn, events)
	cancel()
	close(events)
	worker.Wait()
}

// enter lets one more link in, unless the bot is over.
func (b *bot) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.links.Add(1)
	}
	return !b.over
}

// end lets no more links in and waits for those that there are. A server's Close does not: it forgets hijacked connections.
func (b *bot) end() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.links.Wait()
}

// read sorts what the daemon sends into answers and events until the link ends. It never waits for the worker, which may
// itself be waiting for an answer that only read can bring.
func (b *bot) read(ctx context.Context, conn *websocket.Conn, events chan<- event) {
	for {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var e event
		if err := json.Unmarshal(frame, &e); err != nil {
			b.transcript.note("bot: read frame: %v", err)
			continue
		}
		if e.PostType == "meta_event" && e.MetaEventType != "lifecycle" {
			continue
		}
		b.transcript.frame("daemon -> bot", frame)
		if e.PostType == "" {
			b.answered(strings.Trim(string(e.Echo), `"`), frame)
			continue
		}
		select {
		case events <- e:
		default:
			b.transcript.note("bot: too busy for this event")
		}
	}
}

func (b *bot) answered(echo string, frame []byte) {
	var a answer
	err := json.Unmarshal(frame, &a)
	b.mu.Lock()
	waiter := b.waiting[echo]
	delete(b.waiting, echo)
	b.mu.Unlock()
	if waiter == nil || err != nil {
		b.transcript.note("bot: answer with unknown echo %q (%v)", echo, err)
		return
	}
	waiter <- a
}

// call sends one action frame and waits for its answer.
func (b *bot) call(ctx context.Context, conn *websocket.Conn, action string, params map[string]any) (answer, error) {
	b.mu.Lock()
	b.calls++
	echo := strconv.Itoa(b.calls)
	waiter := make(chan answer, 1)
	b.waiting[echo] = waiter
	b.mu.Unlock()
	frame, err := json.Marshal(map[string]any{"action": action, "params": params, "echo": echo})
	if err != nil {
		return answer{}, fmt.Errorf("encode %s: %w", action, err)
	}
	b.transcript.frame("bot -> daemon", frame)
	if err := conn.Write(ctx, websocket.MessageText, frame); err != nil {
		return answer{}, fmt.Errorf("call %s: %w", action, err)
	}
	select {
	case a := <-waiter:
		if a.Status != "ok" {
			return a, fmt.Errorf("call %s: %w", action, errors.New(a.Wording))
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, fmt.Errorf("call %s: %w", action, ctx.Err())
	}
}

// react is the bot's whole mind.
func (b *bot) react(ctx context.Context, conn *websocket.Conn, e event) error {
	switch {
	case e.MetaEventType == "lifecycle":
		select {
		case b.connected <- struct{}{}:
		default:
		}
		return nil
	case e.NoticeType == "group_recall":
		lost, err := b.call(ctx, conn, "get_msg", map[string]any{"message_id": e.MessageID})
		if err != nil {
			return err
		}
		_, err = b.call(ctx, conn, "send_group_msg", map[string]any{
			"group_id": e.GroupID, "message": "I remember what was taken back: " + lost.Data.RawMessage,
		})
		return err
	case e.MessageType == "private":
		_, err := b.call(ctx, conn, "send_private_msg", map[string]any{
			"user_id": e.UserID, "message": "I greet, I read what you quote, and I notice recalls.",
		})
		return err
	case e.MessageType == "group":
		return b.reactInGroup(ctx, conn, e)
	}
	return nil
}

func (b *bot) reactInGroup(ctx context.Context, conn *websocket.Conn, e event) error {
	var segments []segment
	if err := json.Unmarshal(e.Message, &segments); err != nil {
		return fmt.Errorf("read message %d: %w", e.MessageID, err)
	}
	for _, s := range segments {
		switch {
		case s.Type == "reply":
			quoted, err := b.call(ctx, conn, "get_msg", map[string]any{"message_id": s.Data["id"]})
			if err != nil {
				return err
			}
			return b.answerInGroup(ctx, conn, e, "you quoted: "+quoted.Data.RawMessage)
		case s.Type == "at" && s.Data["qq"] == strconv.FormatInt(e.SelfID, 10):
			return b.answerInGroup(ctx, conn, e, "hello, nice to meet you")
		}
	}
	return nil
}

// answerInGroup quotes the message it answers. The text goes as an array segment, so it needs no escaping.
func (b *bot) answerInGroup(ctx context.Context, conn *websocket.Conn, e event, text string) error {
	_, err := b.call(ctx, conn, "send_group_msg", map[string]any{
		"group_id": e.GroupID,
		"message": []segment{
			{Type: "reply", Data: map[string]string{"id": strconv.Itoa(int(e.MessageID))}},
			{Type: "text", Data: map[string]string{"text": text}},
		},
	})
	return err
}
