package sandbox

import (
	"context"
	"time"

	"echogate/protocol/sandbox/sso"
)

// pushing is one session's work for the pump.
type pushing struct {
	session uint
	from    Cursor
}

// logIn makes the link good for another session, which the client will begin with a fetch of its mail to no use.
func (l *link) logIn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = connected
	l.mail = mailbox{syncing: true}
}

// signOn makes the link the account's session. It is false if it was that already, and goes on as it is.
func (l *link) signOn() (session uint, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == registered {
		return l.session, false
	}
	l.state = registered
	l.session++
	l.since = time.Now()
	l.expires = false
	return l.session, true
}

// startPushing gives the pump its work.
func (l *link) startPushing(p pushing) {
	select {
	case <-l.begin: // for a session that ended before the pump heard of it
	default:
	}
	l.begin <- p // only the reader sends, and the channel has room for one
}

// signOff ends the session, not the connection: it is the client that hangs up.
func (l *link) signOff(state linkState) {
	l.mu.Lock()
	l.state = state
	u := l.uin
	l.mu.Unlock()
	l.server.leave(u, l)
}

// during tells whether the session with this number is still on. It ends with its connection, if not before.
func (l *link) during(ctx context.Context, session uint) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ctx.Err() == nil && l.state == registered && l.session == session
}

// forceOffline ends the session and tells the client why. It never waits: a client that cannot be told anything any
// more is hung up on.
func (l *link) forceOffline(reason string) {
	var notice sso.Writer
	u := l.user()
	notice.Int(0, int64(u)).String(1, "下线通知").String(2, reason)
	payload := sso.Envelope2("MessageSvc", "PushForceOffline", "req_PushForceOffline", "PushNotifyPack.RequestPushForceOffline", &notice)
	r := l.pushOf("MessageSvc.PushForceOffline", payload)
	l.signOff(forcedOff)
	l.log.Info().Int64("user", int64(u)).Str("reason", reason).Msg("session is forced offline")
	key, _ := l.server.d2Key(r.Uin)
	select {
	case l.out <- outgoing{frame: r.Append(nil, key)}:
	default:
		l.hangUp()
	}
}

// push sends the client something it did not ask for. It waits while the writer is behind.
func (l *link) push(ctx context.Context, command string, payload []byte) {
	l.send(ctx, l.pushOf(command, payload), false)
}

func (l *link) pushOf(command string, payload []byte) sso.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := pushSeq(l.lastSeq, l.pushes)
	l.pushes++
	return sso.Response{Encryption: sso.ByD2Key, Seq: seq, Uin: int64(l.uin), Command: command, Payload: payload}
}

// pushSeq is the seq of the nth push after the client's request last. MiraiGo looks at 16 bits, and takes a push with
// the seq of a request that waits for its answer for that answer (client/network.go). It counts up by one per request,
// so that a seq a good quarter of the circle away from its newest belongs to none that can still be waiting.
func pushSeq(last, n uint32) uint32 {
	const away, width = 0x6000, 0x4000
	return (last + away + n%width) & 0xFFFF
}

// unixTime is the World's time.
func (s *Server) unixTime() int64 { return s.world.Now().Unix() }
