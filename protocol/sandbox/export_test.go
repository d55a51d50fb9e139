package sandbox

import (
	"context"
	"net"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// Attend serves one connection that no listener has accepted, until ctx or the connection ends.
func (s *Server) Attend(ctx context.Context, conn net.Conn) { s.attend(ctx, conn) }

// Token is the token in an account's credentials, which exist only where there is a port.
func (s *Server) Token(u protocol.UserID) (sso.Token, bool) { return s.token(u) }

// PushesTo counts what has been pushed over the account's connections of this moment, also after they are gone.
func (s *Server) PushesTo(u protocol.UserID) func() uint32 {
	links := s.linksOf(u)
	return func() (n uint32) {
		for _, l := range links {
			l.mu.Lock()
			n += l.pushes
			l.mu.Unlock()
		}
		return n
	}
}
