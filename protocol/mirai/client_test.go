package mirai

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/Mrs4s/MiraiGo/client"
)

// newTestClient makes a client for a driver whose address.txt has the given lines.
func newTestClient(t *testing.T, addresses string) (*Driver, *client.QQClient) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(addresses), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	unhook, err := hook(newGuard(nil, d.sandboxed()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unhook)
	c, err := d.newClient(t.Context(), 10001)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	return d, c
}

// TestClientKnowsOnlyGivenServers: MiraiGo dials what is on this list and nothing else.
func TestClientKnowsOnlyGivenServers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	d, c := newTestClient(t, address)
	if !d.sandboxed() {
		t.Error("loopback is not recognized")
	}
	if err := c.TokenLogin(testToken()); err == nil {
		t.Error("a login without a server")
	}
	field := reflect.ValueOf(c).Elem().FieldByName("servers")
	servers := *(*[]netip.AddrPort)(unsafe.Pointer(field.UnsafeAddr()))
	if len(servers) != 1 || servers[0].String() != address {
		t.Errorf("servers %v after the first connection, want %s", servers, address)
	}
	if c.Device().IMEI == "" || len(c.Device().IMSIMd5) != 16 || len(c.Device().Guid) != 16 {
		t.Errorf("device %+v", c.Device())
	}
}

func TestSandboxedOnlyIfAllAddressesAre(t *testing.T) {
	for list, want := range map[string]bool{"127.0.0.1:1": true, "127.0.0.1:1\n[::1]:2": true, "127.0.0.1:1\n1.2.3.4:5": false} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := New(Options{Dir: dir})
		if err != nil || d.sandboxed() != want {
			t.Errorf("%q: %v, %v", list, d.sandboxed(), err)
		}
	}
	d, err := New(Options{Dir: t.TempDir()})
	if err != nil || d.sandboxed() {
		t.Errorf("no address: %v, %v", d.sandboxed(), err)
	}
}

// fakeTCP stands for MiraiGo's connection type, which cannot be named.
type fakeTCP struct {
	unexpectedDisconnect func(*fakeTCP, error)
}

func (f *fakeTCP) set(g func(*fakeTCP, error)) { f.unexpectedDisconnect = g }

func TestInterceptBreaks(t *testing.T) {
	reconnected := 0
	tcp := &fakeTCP{unexpectedDisconnect: func(*fakeTCP, error) { reconnected++ }}
	interceptBreaks(tcp, tcp.set, func(err error, reconnect func()) {
		if errors.Is(err, io.EOF) {
			reconnect()
		}
	})
	tcp.unexpectedDisconnect(tcp, net.ErrClosed)
	tcp.unexpectedDisconnect(tcp, io.EOF)
	if reconnected != 1 {
		t.Errorf("MiraiGo reconnects %d times, want once", reconnected)
	}
}
