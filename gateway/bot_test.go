package gateway

import (
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nhooyr.io/websocket"
)

// bot is a bot framework: a WebSocket server on loopback, or on pipes inside a synctest bubble.
type bot struct {
	t        *testing.T
	dial     DialFunc
	addr     string
	sessions chan *session
	// answer, if set, may handle a handshake itself and report so. It is called with the number of the handshake, from 1.
	answer func(n int, w http.ResponseWriter, r *http.Request) bool
	// room is how many frames a session holds for its test; 0 is plenty.
	room int
	// mute sessions are not read by the bot, only by their test.
	mute bool

	handshakes atomic.Int32
}

// session is one connection of the gateway to a bot.
type session struct {
	bot    *bot
	header http.Header
	conn   net.Conn
	ws     *websocket.Conn
	frames chan string
	ended  chan struct{} // closed with err when the bot's reader ends
	err    error
}

// newBot starts a bot that listens on loopback.
func newBot(t *testing.T) *bot {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bot{t: t, addr: lis.Addr().String()}
	b.serve(lis)
	return b
}

// newPipeBot starts a bot that is reached through net.Pipe, for bubbles of synctest.
func newPipeBot(t *testing.T) *bot {
	t.Helper()
	lis := &pipes{make(chan net.Conn), make(chan struct{})}
	b := &bot{t: t, addr: "bot.test:80", dial: lis.dial}
	b.serve(lis)
	return b
}

type connKey struct{}

func (b *bot) serve(lis net.Listener) {
	b.sessions = make(chan *session, 2000)
	srv := &http.Server{
		Handler:     b,
		ErrorLog:    log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(lis) })
	b.t.Cleanup(func() {
		_ = srv.Close()
		wg.Wait()
	})
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(b.handshakes.Add(1))
	if b.answer != nil && b.answer(n, w, r) {
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		b.t.Errorf("accept: %v", err)
		return
	}
	ws.SetReadLimit(-1)
	s := &session{
		bot: b, header: r.Header, ws: ws, conn: r.Context().Value(connKey{}).(net.Conn),
		frames: make(chan string, cmp.Or(b.room, 1<<16)), ended: make(chan struct{}),
	}
	b.sessions <- s
	if b.mute {
		return
	}
	s.read(b.t.Context()) //nolint:contextcheck // the context of the request ends with the handshake
}

// read collects the frames until the connection ends.
func (s *session) read(ctx context.Context) {
	defer close(s.ended)
	for {
		_, frame, err := s.ws.Read(ctx)
		if err != nil {
			s.err = err
			_ = s.ws.CloseNow()
			return
		}
		s.frames <- string(frame)
	}
}

// config returns an endpoint for the bot that retries fast and sends no heartbeats.
func (b *bot) config(name string) Config {
	conf := DefaultConfig()
	conf.Name, conf.URL = name, "ws://"+b.addr+"/"+name
	conf.Heartbeat = 0
	conf.Reconnect = Reconnect{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond}
	return conf
}

// session returns the next connection that the gateway makes.
func (b *bot) session() *session {
	b.t.Helper()
	select {
	case s := <-b.sessions:
		return s
	case <-time.After(2 * time.Minute):
		b.t.Fatal("no connection came")
		return nil
	}
}

// next returns the next frame that the bot received.
func (s *session) next() string {
	s.bot.t.Helper()
	select {
	case f := <-s.frames: // no timer for a frame that is there
		return f
	default:
	}
	select {
	case f := <-s.frames:
		return f
	case <-s.ended:
		select {
		case f := <-s.frames:
			return f
		default:
			s.bot.t.Fatalf("connection ended: %v", s.err)
		}
	case <-time.After(30 * time.Second):
		s.bot.t.Fatal("no frame came")
	}
	return ""
}

// expect checks the next frames.
func (s *session) expect(frames ...string) {
	s.bot.t.Helper()
	for _, want := range frames {
		if got := s.next(); got != want {
			s.bot.t.Fatalf("received %.100q, want %.100q", got, want)
		}
	}
}

// send sends an action frame.
func (s *session) send(frame string) {
	s.bot.t.Helper()
	if err := s.ws.Write(s.bot.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		s.bot.t.Fatalf("send: %v", err)
	}
}

// kill ends the connection as the death of the bot's process would.
func (s *session) kill() {
	s.bot.t.Helper()
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = s.conn.Close()
	_ = s.end()
}

// end waits until the connection has ended and returns the error of the bot's reader.
func (s *session) end() error {
	s.bot.t.Helper()
	select {
	case <-s.ended:
		return s.err
	case <-time.After(30 * time.Second):
		s.bot.t.Fatal("connection did not end")
		return nil
	}
}

// pipes is a listener whose connections are made by its dial.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
