package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/sandbox"
)

// The cast, all from the default world.
const (
	botID   protocol.UserID  = 10001
	alice   protocol.UserID  = 20001
	bob     protocol.UserID  = 20002
	groupID protocol.GroupID = 30001
)

// replyTimeout is how long the bot has for one answer. Far more than it needs: the demo judges truth, not speed.
const replyTimeout = 5 * time.Second

// step is one thing that a user does and the bot's reply that must follow in the world.
type step struct {
	title string
	act   func(*play) (sandbox.Message, error)
	// expect says what is wrong with the bot's reply to what was done, or "".
	expect func(p *play, did, reply sandbox.Message) string
}

// play is the state of the conversation.
type play struct {
	world     *sandbox.World
	script    *transcript
	greeting  sandbox.Message // what Alice said first
	firstWord sandbox.Message // the bot's first reply
}

func script() []step {
	return []step{
		{
			title: "Alice mentions the bot in the group",
			act: func(p *play) (m sandbox.Message, err error) {
				p.greeting, err = p.world.SayGroup(alice, groupID, 0, message.Message{message.At{UserID: int64(botID)}, message.Text{Text: " hi there"}})
				return p.greeting, err
			},
			expect: func(p *play, did, reply sandbox.Message) string {
				p.firstWord = reply
				return expectQuote(did, reply, "nice to meet you")
			},
		},
		{
			title: "Bob asks in private",
			act: func(p *play) (sandbox.Message, error) {
				return p.world.SayPrivate(bob, botID, 0, 0, message.Message{message.Text{Text: "what can you do?"}})
			},
			expect: func(_ *play, _, reply sandbox.Message) string {
				if reply.To != bob {
					return "went to somebody else"
				}
				return expectText(reply, "I greet")
			},
		},
		{
			title: "Alice quotes the bot's reply",
			act: func(p *play) (sandbox.Message, error) {
				quote := message.Reply{Quote: message.Quote{Seq: p.firstWord.Seq}}
				return p.world.SayGroup(alice, groupID, 0, message.Message{quote, message.Text{Text: "what was that?"}})
			},
			expect: func(_ *play, did, reply sandbox.Message) string {
				return expectQuote(did, reply, "you quoted: ")
			},
		},
		{
			title: "Alice takes her first message back",
			act: func(p *play) (sandbox.Message, error) {
				return p.world.RecallGroup(alice, groupID, p.greeting.Seq, p.greeting.Random)
			},
			expect: func(_ *play, _, reply sandbox.Message) string {
				return expectText(reply, "hi there")
			},
		},
	}
}

func expectText(reply sandbox.Message, part string) string {
	if !strings.Contains(reply.Body.PlainText(), part) {
		return fmt.Sprintf("does not contain %q", part)
	}
	return ""
}

func expectQuote(did, reply sandbox.Message, part string) string {
	quote, ok := reply.Body.Reply()
	if !ok || quote.Quote.Seq != did.Seq {
		return "does not quote what it answers"
	}
	return expectText(reply, part)
}

// perform runs one step and reports whether the right reply arrived.
func (p *play) perform(ctx context.Context, s step) bool {
	p.script.line("")
	p.script.note("%s", s.title)
	cursor := p.world.End()
	did, err := s.act(p)
	if err != nil {
		p.script.note("FAILED: %v", err)
		return false
	}
	if !did.Recalled {
		p.script.note("  %s", p.describe(did))
	}
	began := time.Now()
	reply, err := p.nextFromBot(ctx, cursor)
	if err != nil {
		p.script.note("FAILED: no reply: %v", err)
		return false
	}
	p.script.note("  %s", p.describe(reply))
	if wrong := s.expect(p, did, reply); wrong != "" {
		p.script.note("FAILED: the reply %s", wrong)
		return false
	}
	p.script.note("reply stands in the world after %d ms", time.Since(began).Milliseconds())
	return true
}

// nextFromBot waits for the next message that the bot's account says anywhere.
func (p *play) nextFromBot(ctx context.Context, cursor sandbox.Cursor) (sandbox.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	for {
		changes, next, err := p.world.Next(ctx, cursor, 16)
		if err != nil {
			return sandbox.Message{}, err
		}
		for _, c := range changes {
			if c.Kind == sandbox.Said && c.Message.From == botID {
				return c.Message, nil
			}
		}
		cursor = next
	}
}

func (p *play) describe(m sandbox.Message) string {
	where := fmt.Sprintf("private to %d", m.To)
	if m.Group != 0 {
		where = fmt.Sprintf("group %d", m.Group)
	}
	return fmt.Sprintf("[%s] %s: %s", where, m.Nickname, m.Body.CQ())
}
