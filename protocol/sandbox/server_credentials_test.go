package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/sso"
)

func TestCredentials(t *testing.T) {
	s := serve(t, sandbox.Default())
	c, err := s.Credentials(20003)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sso.ParseToken(c.Token)
	if err != nil || token.Uin != 20003 || len(token.SessionID) != 4 || len(token.EncryptedA1) > 67 {
		t.Errorf("token = %+v, %v", token, err)
	}
	if c.Address != s.Addr().String() {
		t.Errorf("address = %q", c.Address)
	}
	// MiraiGo's own reader takes the device, and writes the same file again but for the order of its members.
	device := new(client.DeviceInfo)
	if err := device.ReadJson(c.Device); err != nil {
		t.Fatal(err)
	}
	var ours, theirs map[string]any
	if err := errors.Join(json.Unmarshal(c.Device, &ours), json.Unmarshal(device.ToJson(), &theirs)); err != nil {
		t.Fatal(err)
	}
	theirs["imsi_md5"] = ours["imsi_md5"] // ReadJson forgets it
	equal(t, theirs, ours)

	missing, err := s.Credentials(99)
	if notFound, ok := errors.AsType[*protocol.NotFoundError](err); !ok || notFound.ID != 99 {
		t.Errorf("of nobody: %+v, %v", missing, err)
	}
}

// Credentials outlive the server, and are different for everybody.
func TestCredentialsAreStable(t *testing.T) {
	first, second := serve(t, sandbox.Default()), serve(t, sandbox.Default())
	a, errA := first.Credentials(10001)
	b, errB := second.Credentials(10001)
	other, errOther := first.Credentials(20001)
	if err := errors.Join(errA, errB, errOther); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Token, b.Token) || !bytes.Equal(a.Device, b.Device) {
		t.Error("another server mints other credentials")
	}
	if bytes.Equal(a.Token[8:], other.Token[8:]) || bytes.Equal(a.Device, other.Device) {
		t.Error("two accounts have the same credentials")
	}
}

func TestWriteCredentials(t *testing.T) {
	s := serve(t, sandbox.Default())
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // over files that are there, too
		if err := s.WriteCredentials(dir, 10001); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Credentials(10001)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("files = %v, %v", files, err)
	}
	for name, want := range map[string][]byte{"session.token": c.Token, "device.json": c.Device, "address.txt": []byte(c.Address + "\n")} {
		path := filepath.Join(dir, name)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s = %q, %v", name, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := s.WriteCredentials(filepath.Join(dir, "address.txt"), 10001); err == nil {
		t.Error("written into a file")
	}
	blocked := filepath.Join(t.TempDir(), "session.token")
	if err := os.Mkdir(blocked, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteCredentials(filepath.Dir(blocked), 10001); err == nil {
		t.Error("written over a folder")
	}
	if left, err := os.ReadDir(filepath.Dir(blocked)); err != nil || len(left) != 1 {
		t.Errorf("what could not be put in place is left over: %v, %v", left, err)
	}
	if err := s.WriteCredentials(dir, 99); err == nil {
		t.Error("written for nobody")
	}
	if err := sandbox.NewServer(sandbox.Default(), sandbox.ServerOptions{Log: zerolog.Nop()}).WriteCredentials(dir, 10001); err == nil {
		t.Error("written without an address")
	}
}
