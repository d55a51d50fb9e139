package mirai

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/Mrs4s/MiraiGo/client"

	"echogate/protocol"
)

// state is the session's state. While the account is logged in, session is a channel that is closed when the session is
// lost, so that calls need not wait for an answer that cannot come. The account counts as online a little later, when the
// lists are loaded.
type state struct {
	mu      sync.Mutex
	status  protocol.Status
	session chan struct{}
	told    time.Time // when the outage was last logged; zero: it was not, or there is none
}

// remindEvery is how often an outage that goes on is logged.
const remindEvery = 10 * time.Minute

// remind tells whether an outage is to be logged now: when it begins, and then from time to time.
func (s *state) remind(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.told.IsZero() && now.Sub(s.told) < remindEvery {
		return false
	}
	s.told = now
	return true
}

// isTold tells whether there is an outage that was logged.
func (s *state) isTold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.told.IsZero()
}

// begin lets calls through: the login succeeded.
func (s *state) begin(self protocol.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Self = self
	if s.session == nil {
		s.session = make(chan struct{})
	}
}

func (s *state) online() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Online, s.status.Reason, s.status.Since = true, "", time.Now()
	s.told = time.Time{}
}

// offline ends all calls, and tells whether the account was online.
func (s *state) offline(reason string) (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was = s.status.Online
	if was || s.status.Since.IsZero() {
		s.status.Since = time.Now()
	}
	s.status.Online, s.status.Reason = false, reason
	if s.session != nil {
		close(s.session)
		s.session = nil
	}
	return was
}

func (s *state) get() protocol.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// current returns the channel that closes when this session is lost, or ErrOffline.
func (s *state) current() (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil, protocol.ErrOffline
	}
	return s.session, nil
}

// counters are the driver's own part of the statistics; packets are counted by MiraiGo.
type counters struct {
	received, sent, lost  atomic.Uint64
	reordered, duplicates atomic.Uint64
	lastMessage           atomic.Int64
	packets               atomic.Pointer[client.Statistics]
}

func (c *counters) statistics() protocol.Statistics {
	s := protocol.Statistics{
		MessageReceived: c.received.Load(),
		MessageSent:     c.sent.Load(),
		LostTimes:       c.lost.Load(),
		LastMessageTime: c.lastMessage.Load(),
		Reordered:       c.reordered.Load(),
		Duplicates:      c.duplicates.Load(),
	}
	if p := c.packets.Load(); p != nil {
		s.PacketReceived = p.PacketReceived.Load()
		s.PacketSent = p.PacketSent.Load()
		s.PacketLost = p.PacketLost.Load()
		s.DisconnectTimes = uint64(p.DisconnectTimes.Load())
	}
	return s
}

// count notes a message that is about to be handed out.
func (c *counters) count(m protocol.Message) {
	if m.Self {
		c.sent.Add(1)
		return
	}
	c.received.Add(1)
	c.lastMessage.Store(m.Ref.Time)
}
