package mirai_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/mirai"
	"echogate/protocol/protocoltest"
	"echogate/protocol/protocoltest/racelist"
	"echogate/protocol/sandbox"
)

func TestMain(m *testing.M) { os.Exit(racelist.Run(m)) }

func TestDriver(t *testing.T) {
	protocoltest.Run(t, func(t *testing.T) protocoltest.Harness { return newQQ(t, sandbox.Default()) })
}

// bot is the default world's account for bots.
const bot protocol.UserID = 10001

// qq is a sandbox with its server running, as a harness.
type qq struct {
	world  *sandbox.World
	server *sandbox.Server
	dir    string
	log    zerolog.Logger
}

func newQQ(t *testing.T, w *sandbox.World) *qq {
	t.Helper()
	q := &qq{world: w, dir: t.TempDir(), log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)}
	q.server = sandbox.NewServer(w, sandbox.ServerOptions{Log: q.log})
	if err := q.server.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := q.server.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		serving.Wait()
	})
	if err := q.server.WriteCredentials(q.dir, bot); err != nil {
		t.Fatal(err)
	}
	return q
}

// quick are pauses that a test can wait for.
func quick() mirai.Timing {
	return mirai.Timing{
		Call: 10 * time.Second, MinBackoff: 50 * time.Millisecond, MaxBackoff: 200 * time.Millisecond,
		Kicked: 100 * time.Millisecond, Farewell: 500 * time.Millisecond,
	}
}

func (q *qq) Driver(t *testing.T, alert bool) protocol.Driver {
	t.Helper()
	timing := quick()
	if alert {
		timing.Probe, timing.ProbeWait, timing.Silence = 300*time.Millisecond, 1500*time.Millisecond, 4*time.Second
	}
	d, err := mirai.New(mirai.Options{Dir: q.dir, Transport: q.server.Transport(), Log: q.log, Timing: timing})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (q *qq) Scene() protocoltest.Scene {
	self, _ := q.world.Account(bot)
	stranger, _ := q.world.Account(20006)
	s := protocoltest.Scene{
		Self:    protocol.Account{UserID: bot, Nickname: self.Nickname},
		Friends: q.world.Friends(bot),
		Members: map[protocol.GroupID][]protocol.Member{},
		Open:    30001, Led: 30002, Shut: 30003, NoGroup: 39999,
		Friend: 20003, Plain: 20004, Superior: 20001, Stranger: stranger, NoUser: 29999,
	}
	for _, g := range q.world.Groups(bot) {
		s.Groups = append(s.Groups, g.GroupInfo)
		s.Members[g.GroupID] = q.world.Members(g.GroupID)
	}
	slices.SortFunc(s.Friends, func(a, b protocol.Friend) int { return cmp.Compare(a.UserID, b.UserID) })
	return s
}

// seen is a message of the world as the bot sees it.
func seen(m sandbox.Message) protocol.Message {
	return protocol.Message{
		Ref:    protocol.Ref{Chat: m.Chat(bot), Sender: m.From, Seq: m.Seq, Random: m.Random, Time: m.Time},
		Sender: protocol.Sender{UserID: m.From, Nickname: m.Nickname, Card: m.Card},
		Body:   m.Body,
		Self:   m.From == bot,
	}
}

func (q *qq) SayGroup(t *testing.T, from protocol.UserID, g protocol.GroupID, body message.Message) protocol.Ref {
	t.Helper()
	m, err := q.world.SayGroup(from, g, 0, body)
	if err != nil {
		t.Fatal(err)
	}
	return seen(m).Ref
}

func (q *qq) SayPrivate(t *testing.T, from protocol.UserID, body message.Message) protocol.Ref {
	t.Helper()
	m, err := q.world.SayPrivate(from, bot, 0, 0, body)
	if err != nil {
		t.Fatal(err)
	}
	return seen(m).Ref
}

func (q *qq) Recall(t *testing.T, by protocol.UserID, r protocol.Ref) {
	t.Helper()
	var err error
	if r.Chat.Kind == protocol.Group {
		_, err = q.world.RecallGroup(by, protocol.GroupID(r.Chat.ID), r.Seq, r.Random)
	} else {
		_, err = q.world.RecallPrivate(by, bot, r.Seq, r.Random)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (q *qq) Burst(t *testing.T, groups []protocol.GroupID, count int) {
	t.Helper()
	if _, err := q.world.Burst(0, groups, count, "burst"); err != nil {
		t.Fatal(err)
	}
}

func (q *qq) Messages(chat protocol.Chat) []protocol.Message {
	var all []sandbox.Message
	if chat.Kind == protocol.Group {
		g := protocol.GroupID(chat.ID)
		state, _ := q.world.Group(g)
		all = q.world.GroupMessages(g, state.FirstSeq, state.LastSeq)
	} else {
		all = q.world.PrivateMessages(bot, protocol.UserID(chat.ID), 0, 1<<20)
	}
	var there []protocol.Message
	for _, m := range all {
		if !m.Recalled {
			there = append(there, seen(m))
		}
	}
	return there
}

func (q *qq) RefuseSends(code int) { q.server.SetFaults(sandbox.Faults{RefuseSends: code}) }
func (q *qq) Drop()                { q.server.DropConnections(bot) }
func (q *qq) Stall(on bool)        { q.server.SetFaults(sandbox.Faults{Stall: on}) }

func (q *qq) Kick(t *testing.T, words string) {
	t.Helper()
	if err := q.server.ForceOffline(bot, words); err != nil {
		t.Fatal(err)
	}
}

func (q *qq) Expire(t *testing.T) {
	t.Helper()
	if err := q.server.Expire(bot); err != nil {
		t.Fatal(err)
	}
}

func (q *qq) Sessions() int {
	n := 0
	for _, s := range q.server.Sessions() {
		if s.Online {
			n++
		}
	}
	return n
}

func (q *qq) Complaints() []string {
	return append(q.server.Unanswered(), q.server.RefusedEgress()...)
}

// write puts a file into the data folder.
func (q *qq) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(q.dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a driver to its end.
func run(t *testing.T, d protocol.Driver) error {
	t.Helper()
	var draining sync.WaitGroup
	draining.Go(func() {
		for range d.Events() {
		}
	})
	defer draining.Wait()
	return d.Run(t.Context())
}
