package sandbox

import (
	"context"
	"slices"

	"github.com/Mrs4s/MiraiGo/client/pb"
	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol/sandbox/sso"
)

// mailbox holds the private messages for one session. QQ does not push them: it pushes a notice, and the client fetches
// what there is.
type mailbox struct {
	unsent  []Message
	recalls []Message // of what is still unsent, to be pushed after it
	noticed bool      // a notice is on its way
	// MiraiGo drops what it gets by its first fetch after a login by token (client/client.go, init). That one is answered
	// empty, and no notice is given before, lest another fetch be taken for the first.
	syncing bool
}

// mailPage is how many messages one fetch brings at most; the rest is noticed again.
const mailPage = 100

// post puts a private message into the mailbox.
func (l *link) post(m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mail.unsent = append(l.mail.unsent, m)
}

// postRecall tells whether the recall of m may be pushed now; while m is still to be fetched it is put off.
func (l *link) postRecall(m Message) (now bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.mail.unsent, func(waiting Message) bool { return waiting.ID == m.ID }) {
		return true
	}
	l.mail.recalls = append(l.mail.recalls, m)
	return false
}

// notice tells the client that there is mail, unless it was told already.
func (l *link) notice(ctx context.Context) {
	l.mu.Lock()
	due := len(l.mail.unsent) > 0 && !l.mail.noticed && !l.mail.syncing
	l.mail.noticed = l.mail.noticed || due
	u := l.uin
	l.mu.Unlock()
	if !due {
		return
	}
	var n sso.Writer
	n.Int(0, int64(u)).Byte(1, 1).String(2, "MessageSvc").String(3, "PbGetMsg").Bytes(4, nil)
	n.Int(5, friendMessage).Int(6, 0).Int(7, 0).Int(8, 0)
	payload := sso.Envelope2("MessageSvc", "PushNotify", "req_PushNotify", "PushNotifyPack.RequestPushNotify", &n)
	l.push(ctx, "MessageSvc.PushNotify", append(make([]byte, 4), payload...))
}

// fetch takes the next messages out, and the recalls that may follow them.
func (l *link) fetch() (letters, recalls []Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mail.noticed = false
	if l.mail.syncing {
		l.mail.syncing = false
		return nil, nil
	}
	n := min(len(l.mail.unsent), mailPage)
	letters, l.mail.unsent = l.mail.unsent[:n:n], l.mail.unsent[n:]
	l.mail.recalls = slices.DeleteFunc(l.mail.recalls, func(recalled Message) bool {
		free := slices.ContainsFunc(letters, func(m Message) bool { return m.ID == recalled.ID })
		if free {
			recalls = append(recalls, recalled)
		}
		return free
	})
	return letters, recalls
}

// getMail answers MessageSvc.PbGetMsg.
func (s *Server) getMail(ctx context.Context, l *link, r sso.Request) ([]byte, error) {
	letters, recalls := l.fetch()
	cookie, err := marshal(&msg.SyncCookie{Time: proto.Some(s.unixTime())})
	if err != nil {
		return nil, err
	}
	answer := wireMail{Result: proto.Some(int32(0)), SyncCookie: cookie, SyncFlag: proto.Some(msg.SyncFlag_STOP)}
	for _, m := range letters {
		wire, err := s.privateWire(m)
		if err != nil {
			return nil, err
		}
		if last := len(answer.Pairs) - 1; last >= 0 && answer.Pairs[last].Peer.Unwrap() == int64(m.From) {
			answer.Pairs[last].Messages = append(answer.Pairs[last].Messages, wire)
			continue
		}
		answer.Pairs = append(answer.Pairs, &wirePair{Peer: proto.Some(int64(m.From)), Messages: []*wireMessage{wire}})
	}
	payload, err := marshal(&answer)
	if err != nil {
		return nil, err
	}
	l.afterwards(func(ctx context.Context) error {
		for _, m := range recalls {
			if err := l.pushPrivateRecall(ctx, m); err != nil {
				return err
			}
		}
		l.notice(ctx)
		return nil
	})
	return payload, nil
}

// deleteMail answers MessageSvc.PbDeleteMsg, with which a client acknowledges what it fetched and waits for the answer.
// What was fetched is forgotten here already: a client that is gone fetches nothing after its next login either.
func (s *Server) deleteMail(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	if err := unmarshal(r.Payload, &pb.DeleteMessageRequest{}); err != nil {
		return nil, err
	}
	return []byte{}, nil
}
