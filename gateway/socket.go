package gateway

import (
	"net"
	"sync/atomic"
	"time"
)

// socket is the TCP connection below a WebSocket. It remembers when the far side last gave a sign of life, and can be cut.
type socket struct {
	net.Conn
	alive atomic.Int64 // Unix nanoseconds
}

// blocked is how long a write must have taken to count as a sign of life: it could then only go on because the far
// side's system had acknowledged earlier bytes.
const blocked = 100 * time.Millisecond

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.alive.Store(time.Now().UnixNano())
	}
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	start := time.Now()
	n, err := s.Conn.Write(p)
	if n > 0 && time.Since(start) > blocked {
		s.alive.Store(time.Now().UnixNano())
	}
	return n, err
}

// silentFor returns the time since the last sign of life.
func (s *socket) silentFor() time.Duration {
	return time.Duration(time.Now().UnixNano() - s.alive.Load())
}

// cut closes the connection at once and lets the system forget what it has not sent: a far side that still took bytes
// from it would see two live connections of ours.
func (s *socket) cut() {
	if tcp, ok := s.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the connection is thrown away
	}
	_ = s.Conn.Close()
}
