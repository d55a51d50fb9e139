package sandbox

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// ServerOptions are what a [Server] needs beside its World.
type ServerOptions struct {
	Log zerolog.Logger // commands at debug level, what cannot be answered at error level
}

// Server gives a [World] QQ's wire: it lets clients log in with the credentials that it mints, answers their commands
// from the World, and pushes the World's changes to them. Any number of accounts can be logged in; of one account, as in
// QQ, only the newest login stays.
//
// Make one with [NewServer], call Listen, then Serve. All methods are safe for concurrent use.
type Server struct {
	world  *World
	log    zerolog.Logger
	key    *ecdh.PrivateKey
	routes map[string]route

	mu         sync.Mutex
	listener   net.Listener
	links      map[*link]struct{}
	online     map[protocol.UserID]*link
	faults     Faults
	changed    chan struct{} // closed when faults change
	unanswered []string
	refused    []string
}

// NewServer makes a server over w. It neither listens nor starts anything.
func NewServer(w *World, o ServerOptions) *Server {
	s := &Server{
		world:   w,
		log:     o.Log,
		key:     loginKey(),
		links:   make(map[*link]struct{}),
		online:  make(map[protocol.UserID]*link),
		changed: make(chan struct{}),
	}
	s.routes = s.newRoutes()
	return s
}

// Listen opens the server's port. addr is an IP:PORT of the loopback interface, with port 0 for any free one: the
// sandbox must never be taken for QQ by another machine.
func (s *Server) Listen(addr string) error {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("open QQ port: %w", err)
	}
	if !at.Addr().IsLoopback() {
		return fmt.Errorf("open QQ port on %s: only loopback addresses are served", addr)
	}
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return fmt.Errorf("open QQ port: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return errors.Join(errors.New("open QQ port: the server listens already"), listener.Close())
	}
	s.listener = listener
	return nil
}

// Addr is where the server listens; the zero AddrPort before Listen.
func (s *Server) Addr() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return netip.AddrPort{}
	}
	tcp, ok := s.listener.Addr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return tcp.AddrPort()
}

// Serve attends to clients until ctx ends. It returns nil then, and an error when no connection can be accepted any
// more; either way port and connections are closed and every goroutine has ended. It is called once, after Listen.
func (s *Server) Serve(ctx context.Context) error {
	s.mu.Lock()
	listener := s.listener
	s.mu.Unlock()
	if listener == nil {
		return errors.New("serve QQ clients: the server does not listen")
	}
	var attending sync.WaitGroup
	defer attending.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attending.Go(func() {
		<-ctx.Done()
		if err := listener.Close(); err != nil {
			s.log.Debug().Err(err).Msg("close listener")
		}
	})
	s.log.Info().Stringer("addr", listener.Addr()).Msg("sandbox QQ server listens")
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				err = conn.Close()
				s.log.Debug().Err(err).Msg("close late connection")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept QQ client: %w", err)
		}
		attending.Go(func() { s.attend(ctx, conn) })
	}
}

// attend is the life of one connection.
func (s *Server) attend(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLink(s, conn, cancel)
	defer close(l.over)
	s.mu.Lock()
	s.links[l] = struct{}{}
	s.mu.Unlock()

	var parts sync.WaitGroup
	parts.Go(func() {
		<-ctx.Done()
		if err := conn.Close(); err != nil {
			l.log.Debug().Err(err).Msg("close connection")
		}
	})
	parts.Go(func() {
		defer cancel()
		if err := l.write(ctx); err != nil {
			l.log.Info().Err(err).Msg("write to QQ client")
		}
	})
	parts.Go(func() { l.pump(ctx) })
	if err := l.read(ctx); err != nil {
		l.log.Warn().Err(err).Msg("QQ client's connection ends")
	}
	cancel()
	parts.Wait()

	u := l.user()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, l)
	if s.online[u] == l {
		delete(s.online, u)
	}
}

// enter makes l the session of u and returns the one that it takes the place of, if there is one.
func (s *Server) enter(u protocol.UserID, l *link) (previous *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	previous = s.online[u]
	s.online[u] = l
	if previous == l {
		return nil
	}
	return previous
}

// leave ends the session of u if l is it.
func (s *Server) leave(u protocol.UserID, l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.online[u] == l {
		delete(s.online, u)
	}
}

// unknown records a command that no route answers.
func (s *Server) unknown(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.unanswered, command) {
		s.unanswered = append(s.unanswered, command)
	}
}

// d2Key is the session key of an account of the world. It is asked for with every frame.
func (s *Server) d2Key(uin int64) (sso.Key, bool) {
	u := protocol.UserID(uin)
	if _, ok := s.world.Account(u); !ok {
		return sso.Key{}, false
	}
	return d2Key(u), true
}
