package gateway

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"nhooyr.io/websocket"
)

const (
	// drainTimeout is how long shutdown lets calls in flight finish and queued frames go out.
	drainTimeout = 5 * time.Second
	// closeTimeout is how long the close handshake may take; ZeroBot never closes its side.
	closeTimeout = 2 * time.Second
	// maxCalls bounds the calls of one link that are not answered yet. The Handler is expected to answer "busy" much
	// earlier; a far side which asks but reads no answers is read no further.
	maxCalls = 4096
)

// link is one live connection. Its reader accepts actions, its writer is the only one to send frames, its pinger and its
// watch find out when the far side is gone. It dies as a whole: nothing of it outlives serve but calls that have begun.
type link struct {
	*connector
	ws   *websocket.Conn
	sock *socket

	answers  chan []byte   // from calls to the writer; unbuffered, so that none is left behind
	slots    chan struct{} // one for each call that is not answered
	greeted  chan struct{} // closed when the lifecycle event is out
	settled  chan struct{} // closed when the far side has spoken: it is worth giving it events
	settling sync.Once
	wake     chan struct{} // makes the writer look whether it is drained
	stop     chan struct{} // closed to make the writer return
	draining atomic.Bool   // shutdown has begun: no new actions
	handover atomic.Bool   // another link will go on with the outbox: no new events either
	writing  atomic.Int64  // when the write that is under way began, in Unix nanoseconds; 0 if none is
}

func newLink(c *connector, ws *websocket.Conn, sock *socket) *link {
	return &link{
		connector: c,
		ws:        ws,
		sock:      sock,
		answers:   make(chan []byte),
		slots:     make(chan struct{}, maxCalls),
		greeted:   make(chan struct{}),
		settled:   make(chan struct{}),
		wake:      make(chan struct{}, 1),
		stop:      make(chan struct{}),
	}
}

// serve runs the link until it breaks, or until ctx ends and it was closed in good order. When it returns, the TCP
// connection is closed and the contexts of the calls have ended.
func (l *link) serve(ctx context.Context) error {
	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var goroutines sync.WaitGroup
	ends := make(chan error, 4)
	for _, part := range []func(context.Context) error{l.read, l.ping, l.watch} {
		goroutines.Go(func() { ends <- part(alive) })
	}
	written := make(chan struct{})
	goroutines.Go(func() {
		defer close(written)
		ends <- l.write(alive)
	})

	var first error
	select {
	case first = <-ends:
	case <-ctx.Done():
		why := context.Cause(ctx)
		l.handover.Store(errors.Is(why, errReplaced))
		first = l.drain(ends)
		l.close(written, why)
	}
	l.sock.cut()
	_ = l.ws.CloseNow() // only waits for the library's own goroutine
	cancel()
	goroutines.Wait()
	close(ends)
	// The reason that the far side gives arrives at the reader, while others only see a closed connection.
	for err := range ends {
		if websocket.CloseStatus(err) != -1 {
			return err
		}
	}
	return first
}

// drain stops accepting actions and waits until those in flight are answered and the outbox is empty or handed over, or
// until the link breaks or time is up.
func (l *link) drain(ends <-chan error) error {
	l.draining.Store(true)
	l.poke()
	timeout := time.NewTimer(drainTimeout)
	defer timeout.Stop()
	select {
	case err := <-ends:
		return err
	case <-timeout.C:
		l.log.Warn().Int("calls", len(l.slots)).Msg("endpoint is closed before all its actions are answered")
		return nil
	}
}

// close stops the writer and performs the close handshake, both within closeTimeout.
func (l *link) close(written <-chan struct{}, why error) {
	reason := "echogate is stopping"
	if errors.Is(why, errRemoved) || errors.Is(why, errReplaced) {
		reason = why.Error()
	}
	patience := time.AfterFunc(closeTimeout, l.sock.cut)
	defer patience.Stop()
	close(l.stop)
	<-written
	_ = l.ws.Close(websocket.StatusGoingAway, reason) // the connection ends either way
}

// settle notes that the far side has spoken.
func (l *link) settle() {
	l.settling.Do(func() {
		l.connected()
		close(l.settled)
	})
}

func (l *link) isSettled() bool {
	select {
	case <-l.settled:
		return true
	default:
		return false
	}
}

// poke makes a writer that waits look whether it is drained.
func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
