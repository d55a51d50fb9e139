package mirai

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Mrs4s/MiraiGo/utils"
)

// played answers every request with its text.
type played string

func (p played) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(p))), Request: r}, nil
}

func get(t *testing.T, rt http.RoundTripper, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := rt.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

func TestGuardLetsNothingLeave(t *testing.T) {
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "local") }))
	defer local.Close()
	alone := newGuard(nil, true)
	for _, url := range []string{"https://keyrotate.qq.com/x", "http://example.com", "http://10.0.0.1/", "http://localhost.evil.example/"} {
		_, err := get(t, alone, url)
		if e, ok := errors.AsType[*refusedError](err); !ok || !strings.Contains(url, e.host) {
			t.Errorf("%s: %v", url, err)
		}
	}
	withPlayer := newGuard(played("played"), true)
	for url, want := range map[string]string{local.URL: "local", "https://qun.qq.com/x": "played"} {
		if got, err := get(t, withPlayer, url); got != want {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	if got, err := get(t, newGuard(played("played"), false), local.URL); got != "played" {
		t.Errorf("a given transport is not asked: %q, %v", got, err)
	}
}

func TestKeyPage(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := fmt.Sprintf(`{"PubKeyMeta":{"KeyVer":9,"PubKey":"%X"}}`, key.PublicKey().Bytes())
	const url = "https://keyrotate.qq.com/rotate_key?uin=1"
	if got, err := get(t, newGuard(played(good), true), url); got != good {
		t.Errorf("a good key: %q, %v", got, err)
	}
	for _, bad := range []string{
		"", "<html>log in to the hotel's network</html>", "{}", `{"PubKeyMeta":{"PubKey":"zz"}}`,
		`{"PubKeyMeta":{"PubKey":"` + hex.EncodeToString(make([]byte, 65)) + `"}}`,
	} {
		if got, err := get(t, newGuard(played(bad), true), url); err == nil {
			t.Errorf("%q is let through as %q; MiraiGo's constructor panics on it", bad, got)
		}
	}
}

func TestHookHasOneOwner(t *testing.T) {
	before := [2]http.Client{*utils.Client, *http.DefaultClient}
	unhook, err := hook(newGuard(nil, true))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*http.Client{utils.Client, http.DefaultClient} {
		if _, err := get(t, c.Transport, "http://example.com/"); err == nil || !strings.Contains(err.Error(), "refused") || c.Timeout == 0 {
			t.Errorf("a client of MiraiGo's is not hooked: %v", err)
		}
	}
	if _, err := hook(newGuard(nil, true)); !errors.Is(err, errTwoDrivers) {
		t.Errorf("second hook: %v", err)
	}
	unhook()
	for i, c := range []*http.Client{utils.Client, http.DefaultClient} {
		if c.Transport != before[i].Transport || c.Timeout != before[i].Timeout {
			t.Errorf("client %d stays hooked", i)
		}
	}
}
