package actions

import (
	"context"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// teaMessage is message 7 of the fake world: Ann asks in group 30003.
func teaMessage() protocol.Message {
	return protocol.Message{
		Ref:    protocol.Ref{Chat: protocol.GroupChat(30003), Sender: 20002, Seq: 1201, Random: 99, Time: 1700000000},
		Sender: protocol.Sender{UserID: 20002, Nickname: "Ann", Card: "Ann of Tea", Role: protocol.RoleOwner, Title: "Host", Level: 12},
		Body:   message.Message{message.Text{Text: "is there tea?"}},
	}
}

// world is what a test works with. Its driver plays account 10001, which has one friend and one group.
type world struct {
	driver  *fakeHistorian
	history *fakeHistory
	log     zerolog.Logger
}

func newWorld() *world {
	w := &world{history: &fakeHistory{stored: map[int32]protocol.Message{7: teaMessage()}, next: 100}, log: zerolog.Nop()}
	d := &fakeDriver{traits: protocol.Traits{Name: "fake", Protocol: 6}}
	d.status = func() protocol.Status {
		return protocol.Status{
			Online: true, Self: protocol.Account{UserID: 10001, Nickname: "Echo"},
			Stats: protocol.Statistics{PacketReceived: 12, PacketSent: 10, MessageReceived: 3, MessageSent: 2, LastMessageTime: 1700000000},
		}
	}
	d.friends = func(bool) ([]protocol.Friend, error) {
		return []protocol.Friend{{UserID: 20002, Nickname: "Ann", Remark: "Annie"}}, nil
	}
	d.user = func(u protocol.UserID) (protocol.User, error) {
		if u != 20002 {
			return protocol.User{}, &protocol.NotFoundError{Kind: protocol.KindUser, ID: int64(u)}
		}
		return protocol.User{
			UserID: u, Nickname: "Ann", Sex: protocol.Female, Age: 27, Level: 33, QID: "ann-tea", Sign: "more tea", LoginDays: 12, VIPLevel: "vip3",
		}, nil
	}
	d.groups = func(bool) ([]protocol.GroupInfo, error) {
		return []protocol.GroupInfo{{
			GroupID: 30003, Name: "Tea House", Memo: "all about tea", Owner: 20002, CreateTime: 1500000000, Level: 3, Members: 2, MaxMembers: 200,
		}}, nil
	}
	d.members = func(g protocol.GroupID, _ bool) ([]protocol.Member, error) {
		if g != 30003 {
			return nil, &protocol.NotFoundError{Kind: protocol.KindGroup, ID: int64(g)}
		}
		return []protocol.Member{{
			GroupID: g, UserID: 20002, Nickname: "Ann", Card: "Ann of Tea", Sex: protocol.Female, Age: 27, Area: "Hangzhou",
			JoinTime: 1500000000, LastSpeakTime: 1700000000, Level: 12, Role: protocol.RoleOwner, Title: "Host",
		}}, nil
	}
	var mu sync.Mutex
	seq := uint32(2000)
	d.send = func(_ context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		seq++
		return protocol.Message{
			Ref:    protocol.Ref{Chat: to, Sender: 10001, Seq: seq, Random: 1, Time: 1700000060},
			Sender: protocol.Sender{UserID: 10001, Nickname: "Echo"}, Body: body, Self: true,
		}, nil
	}
	d.recall = func(context.Context, protocol.Ref) error { return nil }
	w.driver = &fakeHistorian{fakeDriver: d}
	w.driver.lastSeq = func(protocol.GroupID) (uint32, error) { return 1201, nil }
	w.driver.history = func(protocol.GroupID, uint32, uint32) ([]protocol.Message, error) {
		return []protocol.Message{teaMessage()}, nil
	}
	return w
}

func (w *world) options() Options {
	return Options{
		Driver: w.driver, History: w.history, Events: fakeEvents{}, Log: w.log,
		Version: Version{App: "v0.1.0", Directory: "data", Go: "go1.26", OS: "linux", Arch: "amd64"},
	}
}

func (w *world) registry(t testing.TB) *Registry {
	t.Helper()
	r, err := New(w.options())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) session(t testing.TB) *Session {
	t.Helper()
	return w.registry(t).Session("test", SessionOptions{})
}
