package sandbox

import (
	"time"

	"echogate/protocol"
)

// Faults are the things that can be made to go wrong, for every session of a server alike. The zero value is a healthy
// server.
type Faults struct {
	DelayReplies time.Duration // every answer leaves this much later, those already held back included; 0 at once
	RefuseSends  int           // result code with which every message a client sends is refused; 0 none
	Stall        bool          // half-open connections: nothing is read, nothing is written, nothing is closed
}

// Session is one client's login as the server sees it.
type Session struct {
	UserID protocol.UserID
	Online bool      // registered: pushes go to it
	Remote string    // the client's address, "127.0.0.1:50000"
	Since  time.Time // of the login
}
