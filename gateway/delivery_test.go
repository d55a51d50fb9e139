package gateway

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"nhooyr.io/websocket"
)

// messages returns a maker of numbered events of the given size.
func messages(size int) func(i int) string {
	padding := strings.Repeat("x", size-6)
	return func(i int) string { return fmt.Sprintf("%06d", i) + padding }
}

func TestBurstArrivesCompleteAndInOrder(t *testing.T) {
	const n = 50_000
	message := messages(1 << 10)
	b := newBot(t)
	f := build(t, options(nil), b.config("x"))
	for i := range n { // all at once, before there is a link
		f.publish(message(i))
	}
	if s := f.Status()[0]; s.DroppedEvents != 0 || s.QueuedEvents != n || s.QueuedBytes != n<<10 {
		t.Fatalf("status is %+v", s)
	}
	f.run()
	s := b.session()
	s.expect(lifecycle)
	s.send("asked during the burst")
	answered := -1
	for i := 0; i < n; {
		frame := s.next()
		if frame == "re:asked during the burst" {
			answered = i
			continue
		}
		if frame != message(i) {
			t.Fatalf("event %d is %.20q", i, frame)
		}
		i++
	}
	if answered < 0 {
		t.Error("the answer came after the burst")
	}
	f.await("empty outbox", func(s EndpointStatus) bool { return s.SentEvents == n && s.QueuedBytes == 0 })
}

func TestOverflowIsCountedAndToldOnce(t *testing.T) {
	b := newBot(t)
	conf := b.config("x")
	conf.Queue.Bytes, conf.Queue.Events = 1<<20, 10
	f := build(t, options(nil), conf)
	for i := range 100 {
		f.publish(fmt.Sprint(i))
	}
	if s := f.Status()[0]; s.DroppedEvents != 90 || s.QueuedEvents != 10 {
		t.Errorf("status is %+v", s)
	}
	f.run()
	s := b.session()
	s.expect(lifecycle)
	for i := 90; i < 100; i++ {
		s.expect(fmt.Sprint(i))
	}
	f.await("last event", func(s EndpointStatus) bool { return s.SentEvents == 10 })
	want := []string{
		"endpoint's queue is full, events are being dropped", "endpoint connected", "endpoint's queue is empty again",
	}
	if got := f.log.messages(t); !slices.Equal(got, want) || !strings.Contains(f.log.String(), `"dropped":90`) {
		t.Errorf("log is %s", f.log)
	}
}

// failing breaks a connection in the middle of the first large write.
type failing struct{ *net.TCPConn }

func (c failing) Write(p []byte) (int, error) {
	if len(p) < 4096 {
		return c.TCPConn.Write(p)
	}
	n, _ := c.TCPConn.Write(p[:len(p)/2])
	_ = c.SetLinger(0)
	_ = c.Close()
	return n, net.ErrClosed
}

func TestResetInTheMiddleOfAFrame(t *testing.T) {
	b := newBot(t)
	first := true
	f := start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := systemDial()(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok && first {
			first, conn = false, failing{tcp}
		}
		return conn, err
	}), b.config("x"))
	broken := b.session()
	broken.expect(lifecycle)
	big := strings.Repeat("b", 100_000)
	f.publish("before", big, "after")
	broken.expect("before")
	again := b.session()
	again.expect(lifecycle, big, "after")
	if len(broken.frames) != 0 {
		t.Error("half a frame was delivered")
	}
}

func TestLargeFramesBothWays(t *testing.T) {
	b := newBot(t)
	huge := strings.Repeat("0123456789abcdef", 20<<20/16)
	o := options(nil)
	o.Handler = func(string) Handler {
		return handlerFunc(func(frame []byte) Call {
			return func(context.Context) []byte { return fmt.Append(nil, string(frame) == huge) }
		})
	}
	f := start(t, o, b.config("x"))
	s := b.session()
	s.expect(lifecycle)
	f.publish(huge)
	if got := s.next(); got != huge {
		t.Errorf("event of %d bytes arrived with %d", len(huge), len(got))
	}
	s.send(huge)
	s.expect("true")
}

func TestReadLimit(t *testing.T) {
	b := newBot(t)
	conf := b.config("x")
	conf.ReadLimit = 1000
	conf.PingInterval = 0 // a bot that is just answering a ping may find the connection cut before it reads why
	f := start(t, options(nil), conf)
	s := b.session()
	s.send(strings.Repeat("a", 1000))
	s.expect(lifecycle, "re:"+strings.Repeat("a", 1000))
	s.send(strings.Repeat("a", 1001))
	if code := websocket.CloseStatus(s.end()); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v, want 1009", s.err)
	}
	b.session().expect(lifecycle)
	f.await("reconnect", func(s EndpointStatus) bool { return s.Links[0].Reconnects == 1 })
}

// slow delivers one byte a read.
type slow struct{ net.Conn }

func (c slow) Read(p []byte) (int, error) { return iotest.OneByteReader(c.Conn).Read(p) }

func TestBytesArriveOneByOne(t *testing.T) {
	b := newBot(t)
	start(t, options(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := systemDial()(ctx, network, addr)
		return slow{conn}, err
	}), b.config("x"))
	s := b.session()
	s.send("first")
	s.send(strings.Repeat("second", 100))
	s.expect(lifecycle)
	got := []string{s.next(), s.next()}
	slices.Sort(got) // calls run side by side
	if !slices.Equal(got, []string{"re:first", "re:" + strings.Repeat("second", 100)}) {
		t.Errorf("answers are %q", got)
	}
}

// TestEndpointThatStopsReading fills the pipe to one bot while the other gets everything.
func TestEndpointThatStopsReading(t *testing.T) {
	const n = 5_000
	message := messages(4 << 10)
	good, bad := newBot(t), newBot(t)
	bad.mute = true
	confBad := bad.config("bad")
	confBad.Queue.Events = 1000
	f := start(t, options(nil), confBad, good.config("good"))
	stuck, s := bad.session(), good.session()
	stuck.send("settled") // and never reads
	f.await("settled", connected)
	s.expect(lifecycle)
	for i := range n {
		f.publish(message(i))
		if i%100 == 99 { // as fast as a healthy endpoint reads, so that only the other overflows
			for j := i - 99; j <= i; j++ {
				s.expect(message(j))
			}
		}
	}
	st := f.Status()
	if st[0].DroppedEvents == 0 || st[0].QueuedEvents > 1001 {
		t.Errorf("bad endpoint's status is %+v", st[0])
	}
	if st[1].DroppedEvents != 0 || st[1].SentEvents != n {
		t.Errorf("good endpoint's status is %+v", st[1])
	}
	f.quit()
	stuck.ws.CloseNow()
}

// TestPingIsAnsweredDuringALargeFrame has a bot that pings in the middle of a frame which takes its time.
func TestPingIsAnsweredDuringALargeFrame(t *testing.T) {
	b := newBot(t)
	b.mute = true
	f := start(t, options(nil), b.config("x"))
	s := b.session()
	s.send("settled")
	f.publish(strings.Repeat("l", 24<<20))
	f.await("event to be taken", func(s EndpointStatus) bool { return s.Connected && s.QueuedEvents == 1 })
	pong := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() { pong <- s.ws.Ping(ctx) }()
	var sizes []int
	for len(sizes) < 3 {
		_, frame, err := s.ws.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(frame))
	}
	if err := <-pong; err != nil {
		t.Errorf("ping: %v", err)
	}
	slices.Sort(sizes)
	if want := []int{len("re:settled"), len(lifecycle), 24 << 20}; !slices.Equal(sizes, want) {
		t.Errorf("frames of %v bytes, want %v", sizes, want)
	}
	s.ws.CloseNow()
}
