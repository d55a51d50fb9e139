package sandbox_test

import (
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"sync"
	"testing"
	"unsafe"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/Mrs4s/MiraiGo/utils"

	"echogate/protocol"
	"echogate/protocol/protocoltest/racelist"
	"echogate/protocol/sandbox"
)

// TestMain lets the unmodified MiraiGo client that these tests drive race within itself, and nothing else.
func TestMain(m *testing.M) { os.Exit(racelist.Run(m)) }

// miraiGo is an unmodified MiraiGo client, logged in with the server's credentials for u.
func miraiGo(t *testing.T, s *sandbox.Server, u protocol.UserID) *client.QQClient {
	t.Helper()
	c, err := s.Credentials(u)
	if err != nil {
		t.Fatal(err)
	}
	before, beforeDefault := utils.Client.Transport, http.DefaultClient.Transport
	utils.Client.Transport, http.DefaultClient.Transport = s.Transport(), s.Transport()
	t.Cleanup(func() { utils.Client.Transport, http.DefaultClient.Transport = before, beforeDefault })
	device := new(client.DeviceInfo)
	if err := device.ReadJson(c.Device); err != nil {
		t.Fatal(err)
	}
	q := client.NewClientEmpty()
	t.Cleanup(q.Release)
	q.UseDevice(device)
	q.SetCustomServer([]netip.AddrPort{netip.MustParseAddrPort(c.Address)})
	// The list of servers must stay as it is; MiraiGo would ask Tencent for more.
	once := reflect.ValueOf(q).Elem().FieldByName("initServerOnce")
	(*sync.Once)(unsafe.Pointer(once.UnsafeAddr())).Do(func() {})
	if err := q.TokenLogin(c.Token); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestMiraiGoLogsIn(t *testing.T) {
	s := serve(t, sandbox.Default())
	q := miraiGo(t, s, 10001)
	if !q.Online.Load() || q.Uin != 10001 || q.Nickname != "echo" {
		t.Fatalf("online %v as %d %q", q.Online.Load(), q.Uin, q.Nickname)
	}
	if sessions := s.Sessions(); len(sessions) != 1 || sessions[0].UserID != 10001 || !sessions[0].Online {
		t.Errorf("sessions = %+v", sessions)
	}
}
