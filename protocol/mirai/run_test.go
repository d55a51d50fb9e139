package mirai_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
	"echogate/protocol/mirai"
	"echogate/protocol/sandbox"
)

func TestPermanentErrors(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	tokenPath := filepath.Join(q.dir, "session.token")
	token, err := os.ReadFile(tokenPath)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token []byte
		want  string
	}{
		"missing":   {nil, "session.token is missing"},
		"truncated": {token[:60], "is not a session token"},
		"foreign":   {[]byte("this is somebody else's file altogether"), "is not a session token"},
		"refused":   {flipped(t, token), "QQ refused the stored session"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.Remove(tokenPath); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if c.token != nil {
				q.write(t, "session.token", c.token)
			}
			began := time.Now()
			err := run(t, q.Driver(t, false))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), tokenPath) {
				t.Errorf("Run = %v, want %q", err, c.want)
			}
			if d := time.Since(began); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// TestRefusalWithoutAKey: a server whose key the client could not fetch can refuse a token only by a bare code.
func TestRefusalWithoutAKey(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	token, err := os.ReadFile(filepath.Join(q.dir, "session.token"))
	if err != nil {
		t.Fatal(err)
	}
	q.write(t, "session.token", flipped(t, token))
	d, err := mirai.New(mirai.Options{Dir: q.dir, Log: q.log, Timing: quick()})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := run(t, d); err == nil || !strings.Contains(err.Error(), "QQ refused the stored session") || time.Since(began) > 10*time.Second {
		t.Errorf("Run = %v after %v", err, time.Since(began))
	}
}

// flipped spoils the tickets of a token, but not its form.
func flipped(t *testing.T, token []byte) []byte {
	t.Helper()
	spoilt := bytes.Clone(token)
	for at := 8; at < len(spoilt); {
		n := int(spoilt[at])<<8 | int(spoilt[at+1])
		at += 2
		for i := range n {
			spoilt[at+i] ^= 0x55
		}
		at += n
	}
	return spoilt
}

func TestTwoDriversInOneProcess(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	ctx, cancel := context.WithCancel(t.Context())
	first := q.Driver(t, false)
	var running sync.WaitGroup
	running.Go(func() {
		if err := first.Run(ctx); err != nil {
			t.Errorf("first driver: %v", err)
		}
	})
	<-first.Events()
	if err := run(t, q.Driver(t, false)); err == nil || !strings.Contains(err.Error(), "another QQ client") {
		t.Errorf("second driver: %v", err)
	}
	cancel()
	for range first.Events() {
	}
	running.Wait()
	if len(q.server.Sessions()) > 1 {
		t.Errorf("sessions %+v", q.server.Sessions())
	}
}

func TestTokenAndDeviceAreKept(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	if err := os.Remove(filepath.Join(q.dir, "device.json")); err != nil {
		t.Fatal(err)
	}
	var device []byte
	for range 2 {
		before, err := os.Stat(filepath.Join(q.dir, "session.token"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		d := q.Driver(t, false)
		var running sync.WaitGroup
		running.Go(func() {
			if err := d.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		if _, ok := (<-d.Events()).(protocol.Online); !ok {
			t.Fatal("not online")
		}
		cancel()
		for range d.Events() {
		}
		running.Wait()
		after, err := os.Stat(filepath.Join(q.dir, "session.token"))
		if err != nil || os.SameFile(before, after) || after.Mode().Perm() != 0o600 {
			t.Errorf("the token was not stored anew: %v, %v", after.Mode(), err)
		}
		got, err := os.ReadFile(filepath.Join(q.dir, "device.json"))
		if err != nil || device != nil && !bytes.Equal(got, device) {
			t.Errorf("the device changed: %v", err)
		}
		device = got
	}
}

// TestStopDuringLogin: Run returns soon, whatever MiraiGo waits for.
func TestStopDuringLogin(t *testing.T) {
	for name, server := range map[string]func(net.Conn){
		"silent":  func(net.Conn) {},
		"closing": func(c net.Conn) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			q := newQQ(t, sandbox.Default())
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			accepted := make(chan net.Conn, 100)
			var serving sync.WaitGroup
			serving.Go(func() {
				for {
					c, err := listener.Accept()
					if err != nil {
						close(accepted)
						return
					}
					server(c)
					accepted <- c
				}
			})
			defer serving.Wait()
			defer listener.Close()
			q.write(t, "address.txt", []byte(listener.Addr().String()+"\n"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := q.Driver(t, false)
			done := make(chan error, 1)
			var running sync.WaitGroup
			running.Go(func() { done <- d.Run(ctx) })
			defer running.Wait()
			<-accepted
			began := time.Now()
			cancel()
			if err := <-done; err != nil || time.Since(began) > 5*time.Second {
				t.Errorf("Run = %v after %v", err, time.Since(began))
			}
			if _, open := <-d.Events(); open {
				t.Error("an event before a login")
			}
		})
	}
}

// TestEchoThatDoesNotCome: the sent message is found in the history, and still comes as one event.
func TestEchoThatDoesNotCome(t *testing.T) {
	q := newQQ(t, sandbox.Default())
	timing := quick()
	timing.Echo = time.Nanosecond
	d, err := mirai.New(mirai.Options{Dir: q.dir, Transport: q.server.Transport(), Log: q.log, Timing: timing})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	<-d.Events()
	want := map[protocol.Ref]int{}
	for range 30 {
		sent, err := d.Send(ctx, protocol.GroupChat(30001), message.Message{message.Text{Text: "where am I"}})
		if err != nil {
			t.Fatal(err)
		}
		want[sent.Ref]++
	}
	cancel()
	for e := range d.Events() {
		if r, ok := e.(protocol.Received); ok {
			want[r.Message.Ref]--
		}
	}
	running.Wait()
	if len(want) != 30 {
		t.Errorf("%d refs", len(want))
	}
	for ref, n := range want {
		if n != 0 {
			t.Errorf("%+v came %d times", ref, 1-n)
		}
	}
}
