package mirai

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testToken is a well-formed token.
func testToken() []byte {
	b := binary.BigEndian.AppendUint64(nil, 10001)
	for _, n := range tokenFields() {
		if n < 0 {
			n = 40
		}
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = append(b, bytes.Repeat([]byte{7}, n)...)
	}
	return b
}

func TestToken(t *testing.T) {
	whole := testToken()
	if u, err := parseToken(whole); u != 10001 || err != nil {
		t.Fatalf("%d, %v", u, err)
	}
	for n := range whole {
		if _, err := parseToken(whole[:n]); err == nil {
			t.Errorf("a token of %d of %d bytes is taken", n, len(whole))
		}
	}
	if _, err := parseToken(append(slices.Clone(whole), 0)); err == nil {
		t.Error("a token with a tail is taken")
	}
	if _, err := parseToken([]byte(`{"this": "is not a token but something long enough"}`)); err == nil {
		t.Error("JSON is taken")
	}
	whole[8+2+40+1] = 15 // D2Key
	if _, err := parseToken(whole); err == nil || !strings.Contains(err.Error(), "field 2") {
		t.Errorf("a short key: %v", err)
	}
}

func FuzzToken(f *testing.F) {
	f.Add(testToken())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if u, err := parseToken(b); err == nil && (u < 10000 || len(b) < 8+9*2+16+16+4+16) {
			t.Errorf("%x is taken for the token of %d", b, u)
		}
	})
}

func TestReadTokenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := readToken(dir); err == nil || !strings.Contains(err.Error(), "session.token is missing") {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, tokenFile), testToken()[:50], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readToken(dir); err == nil || !strings.Contains(err.Error(), "replace it") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for content, want := range map[string]string{
		"127.0.0.1:1234\n":                          "[127.0.0.1:1234]",
		"# comment\r\n\r\n1.2.3.4:80\r\n[::1]:8080": "[1.2.3.4:80 [::1]:8080]",
		"\ufeff127.0.0.1:1 \n":                      "[127.0.0.1:1]",
		"127.0.0.1":                                 `line 1: "127.0.0.1" is not IP:PORT`,
		"1.2.3.4:80\nqq.com:80":                     `line 2: "qq.com:80" is not IP:PORT`,
		"":                                          "no address in it",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := readAddresses(dir)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			texts := make([]string, len(list))
			for i, a := range list {
				texts[i] = a.String()
			}
			got = "[" + strings.Join(texts, " ") + "]"
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", content, got, want)
		}
	}
	if list, err := readAddresses(t.TempDir()); list != nil || err != nil {
		t.Errorf("no file: %v, %v", list, err)
	}
}

func TestDeviceIsMadeUpOnce(t *testing.T) {
	dir := t.TempDir()
	if _, err := readDevice(dir); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("reading wrote %v", list)
	}
	first, err := loadDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loadDevice(dir)
	if err != nil || again.IMEI != first.IMEI || again.AndroidID != first.AndroidID || again.IMSIMD5 != first.IMSIMD5 || again.Protocol != 6 {
		t.Errorf("%+v, %v\nwant %+v", again, err, first)
	}
	info, err := os.Stat(filepath.Join(dir, deviceFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	other, err := loadDevice(t.TempDir())
	if err != nil || other.IMEI == first.IMEI || other.AndroidID == first.AndroidID || other.BootID == first.BootID {
		t.Errorf("two devices are alike: %+v", other)
	}
}

func TestDeviceValues(t *testing.T) {
	for range 50 {
		d := newDevice()
		sum := 0
		for i, c := range d.IMEI {
			n := int(c - '0')
			if i%2 == 1 {
				n *= 2
			}
			sum += n/10 + n%10
		}
		if len(d.IMEI) != 15 || sum%10 != 0 {
			t.Errorf("IMEI %s", d.IMEI)
		}
		if len(d.AndroidID) != 16 || len(d.IMSIMD5) != 32 || len(d.MACAddress) != 17 || len(d.BootID) != 36 {
			t.Errorf("device %+v", d)
		}
	}
}

func TestDeviceFile(t *testing.T) {
	good, err := json.Marshal(newDevice())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from, to string
		want     string // part of the error, or "protocol N"
	}{
		"as it is":       {`"protocol":6`, `"protocol":2`, "protocol 2"},
		"old protocol":   {`"protocol":6`, `"protocol":-1`, "protocol 6"},
		"not JSON":       {`{`, ``, deviceFile},
		"no address":     {`[10,0,1,3]`, `[10]`, "ip_address"},
		"bad checksum":   {`"imsi_md5":"`, `"imsi_md5":"x`, "imsi_md5"},
		"no IMEI":        {`"imei"`, `"x"`, "imei"},
		"version absent": {`"version"`, `"x"`, "protocol 6"},
	} {
		dir := t.TempDir()
		content := strings.Replace(string(good), c.from, c.to, 1)
		if err := os.WriteFile(filepath.Join(dir, deviceFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := New(Options{Dir: dir})
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = "protocol " + string(rune('0'+d.Traits().Protocol))
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestWriteFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, content := range []string{"one", "two"} {
		if err := writeFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); string(b) != content {
			t.Errorf("%q, %v", b, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(dir, "d"), []byte("x")); err == nil {
		t.Error("a folder is replaced")
	}
	if list, _ := os.ReadDir(dir); len(list) != 2 {
		t.Errorf("left behind: %v", list)
	}
}
