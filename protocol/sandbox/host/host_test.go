package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

func listen(t *testing.T, control string) *Host {
	t.Helper()
	h, err := Listen(t.Context(), sandbox.Default(), "127.0.0.1:0", control, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// open tells whether somebody listens on a port.
func open(ctx context.Context, address string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func status(ctx context.Context, t *testing.T, h *Host) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.control.Addr().String()+"/status", http.NoBody)
	if err != nil {
		t.Error(err)
		return ""
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// The guest is told of the end first, still finds both servers, and when it is gone they end.
func TestServersOutliveTheGuest(t *testing.T) {
	left := errors.New("gone for good")
	for _, want := range []error{nil, left} {
		h := listen(t, "127.0.0.1:0")
		ctx, stop := context.WithCancel(t.Context())
		err := h.Run(ctx, func(guest context.Context) error {
			if guest.Err() != nil {
				t.Error("the guest's time is over before it began")
			}
			stop()
			<-guest.Done()
			later := context.WithoutCancel(guest)
			if !open(later, h.Server.Addr().String()) {
				t.Error("the QQ server is gone before the guest")
			}
			if body := status(later, t, h); !strings.Contains(body, `"sessions":[]`) {
				t.Errorf("control answers %q", body)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("Run returned %v, the guest %v", err, want)
		}
		for _, address := range []string{h.Server.Addr().String(), h.control.Addr().String()} {
			if open(t.Context(), address) {
				t.Errorf("%s is still open", address)
			}
		}
	}
}

// A guest that leaves by itself ends the servers, too.
func TestGuestLeaves(t *testing.T) {
	h := listen(t, "")
	if err := h.Run(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if open(t.Context(), h.Server.Addr().String()) {
		t.Error("the QQ server is still open")
	}
}

// When a server fails, the guest is told, and Run returns the server's error.
func TestServerFails(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		fail func(*Host) error
		want string
	}{
		"QQ":      {func(h *Host) error { return h.Server.Serve(ended) }, "accept QQ client"}, // it closes the port
		"control": {func(h *Host) error { return h.control.Close() }, "serve control"},
	} {
		t.Run(name, func(t *testing.T) {
			h := listen(t, "127.0.0.1:0")
			if err := test.fail(h); err != nil {
				t.Fatal(err)
			}
			err := h.Run(t.Context(), func(ctx context.Context) error {
				<-ctx.Done()
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if open(t.Context(), h.Server.Addr().String()) || open(t.Context(), h.control.Addr().String()) {
				t.Error("a port is still open")
			}
		})
	}
}

// Where one port is taken, the other is left free.
func TestPortTaken(t *testing.T) {
	var config net.ListenConfig
	port := func() net.Listener {
		l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	taken, free := port(), port()
	address := free.Addr().String()
	free.Close()
	for _, c := range []struct{ qq, control string }{{taken.Addr().String(), address}, {address, taken.Addr().String()}} {
		h, err := Listen(t.Context(), sandbox.Default(), c.qq, c.control, zerolog.Nop())
		if err == nil || h != nil || !strings.Contains(err.Error(), taken.Addr().String()) {
			t.Errorf("QQ on %s and control on %s: %v", c.qq, c.control, err)
		}
		if open(t.Context(), address) {
			t.Errorf("QQ on %s and control on %s: the other port stays open", c.qq, c.control)
		}
	}
	for _, c := range []struct{ qq, control string }{{"0.0.0.0:0", ""}, {"127.0.0.1:0", "0.0.0.0:0"}} {
		if _, err := Listen(t.Context(), sandbox.Default(), c.qq, c.control, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestLoadWorld(t *testing.T) {
	if w, err := LoadWorld(""); err != nil || w.Bot() != sandbox.Default().Bot() {
		t.Errorf("the built-in world: %v", err)
	}
	path := filepath.Join(t.TempDir(), "world.yml")
	if _, err := LoadWorld(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for content, want := range map[string]string{"bot: 10005\naccounts: [{user_id: 10005, nickname: five}]": "", "bots: 5": path + ": "} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := LoadWorld(path)
		switch {
		case want != "":
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q: %v", content, err)
			}
		case err != nil || w.Bot() != 10005:
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestCheck(t *testing.T) {
	world := sandbox.Default()
	for _, account := range []protocol.UserID{0, world.Bot(), 20003} {
		if err := Check(world, account); err != nil {
			t.Error(err)
		}
	}
	for _, account := range []protocol.UserID{999, -1} {
		err := Check(world, account)
		missing, ok := errors.AsType[*protocol.NotFoundError](err)
		if !ok || missing.ID != int64(account) || err.Error() != fmt.Sprintf("account %d is not in the world", account) {
			t.Errorf("account %d: %v", account, err)
		}
	}
}

func TestServeOnly(t *testing.T) {
	dir := t.TempDir()
	if err := listen(t, "").ServeOnly(t.Context(), dir, 999); err == nil || err.Error() != "account 999 is not in the world" {
		t.Errorf("for nobody: %v", err)
	}
	h := listen(t, "")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := h.ServeOnly(ctx, dir, 0); err != nil {
		t.Fatal(err)
	}
	for _, u := range h.World.Accounts() {
		want, err := h.Server.Credentials(u.UserID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, strconv.FormatInt(int64(u.UserID), 10), "session.token"))
		if err != nil || string(got) != string(want.Token) {
			t.Errorf("token of %d: %v", u.UserID, err)
		}
	}
	if err := h.WriteCredentials(dir, 10001); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "address.txt")); err != nil {
		t.Errorf("one account's files are not in the folder itself: %v", err)
	}
}
