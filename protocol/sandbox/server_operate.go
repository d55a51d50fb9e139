package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"echogate/protocol"
)

// Sessions are the clients that are connected and have said who they are, ordered by account.
func (s *Server) Sessions() []Session {
	var sessions []Session
	for _, l := range s.linksOf(0) {
		if session := l.describe(); session.UserID != 0 {
			sessions = append(sessions, session)
		}
	}
	slices.SortFunc(sessions, func(a, b Session) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), a.Since.Compare(b.Since))
	})
	return sessions
}

// Unanswered are the commands that clients sent and for which the sandbox has no answer, each once, in the order in
// which they came. In a test there should be none.
func (s *Server) Unanswered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unanswered)
}

// RefusedEgress are the hosts that [Server.Transport] refused to talk to, each once, in the order in which they were
// asked for.
func (s *Server) RefusedEgress() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// Faults are the faults in effect.
func (s *Server) Faults() Faults {
	faults, _ := s.faultsUntil()
	return faults
}

// faultsUntil are the faults in effect, until changed is closed.
func (s *Server) faultsUntil() (faults Faults, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults, s.changed
}

// ChangeFaults lets change edit the faults in effect and returns what they are from then on. No other change comes
// between. change runs with the Server locked and must not call it.
func (s *Server) ChangeFaults(change func(*Faults)) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
	close(s.changed)
	s.changed = make(chan struct{})
	return s.faults
}

// SetFaults puts f into effect at once, in place of what was.
func (s *Server) SetFaults(f Faults) { s.ChangeFaults(func(now *Faults) { *now = f }) }

// flowing waits while connections are stalled; false when ctx ended first.
func (s *Server) flowing(ctx context.Context) bool {
	for {
		faults, changed := s.faultsUntil()
		if !faults.Stall {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// DropConnections closes the connections of an account, or all with account 0, as a failing network would: nothing is
// said before. It returns how many there were, once they are closed and none of their sessions is left.
func (s *Server) DropConnections(user protocol.UserID) int {
	links := s.linksOf(user)
	for _, l := range links {
		l.hangUp()
	}
	for _, l := range links {
		<-l.over
	}
	return len(links)
}

// ForceOffline ends the session of an account as QQ does when the account logs in elsewhere or is banned: the client is
// told the reason and is expected to hang up. It is an error when the account is not online.
func (s *Server) ForceOffline(user protocol.UserID, reason string) error {
	l, err := s.session(user)
	if err != nil {
		return fmt.Errorf("force offline: %w", err)
	}
	l.forceOffline(reason)
	return nil
}

// Expire lets the session of an account run out: the next frame to its client, be it an answer or a push, bears the
// code that makes the client give the session up ([sso.CodeExpired]). The credentials stay good for a new login. It is
// an error when the account is not online.
func (s *Server) Expire(user protocol.UserID) error {
	l, err := s.session(user)
	if err != nil {
		return fmt.Errorf("expire session: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expires = true
	return nil
}

func (s *Server) session(user protocol.UserID) (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.online[user]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("account %d is not online", user)
}

// linksOf are the connections of an account; of all, also those that have not yet said whose they are, with account 0.
func (s *Server) linksOf(user protocol.UserID) []*link {
	s.mu.Lock()
	links := make([]*link, 0, len(s.links))
	for l := range s.links {
		links = append(links, l)
	}
	s.mu.Unlock()
	return slices.DeleteFunc(links, func(l *link) bool { return user != 0 && l.user() != user })
}

func (l *link) describe() Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Session{UserID: l.uin, Online: l.state == registered, Remote: l.conn.RemoteAddr().String(), Since: l.since}
}
