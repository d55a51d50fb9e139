package sandbox_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"echogate/protocol/sandbox"
)

func TestTransport(t *testing.T) {
	s := serve(t, sandbox.Default())
	web := &http.Client{Transport: s.Transport()}
	get := func(address string) (string, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := web.Do(r)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		return string(b), err
	}
	if b, err := get("https://keyrotate.qq.com/rotate_key?uin=1"); err != nil || !strings.Contains(b, `"PubKey":"04`) {
		t.Errorf("key page: %q, %v", b, err)
	}
	if refused := s.RefusedEgress(); len(refused) != 0 {
		t.Errorf("refused so far: %q", refused)
	}
	for _, address := range []string{
		"https://snowflake.qq.com/ola/android", "http://qun.qq.com/x", "http://QUN.qq.com/y",
		"https://example.com/", "http://192.0.2.1/", "http://127.0.0.1/", "http://localhost/",
	} {
		_, err := get(address)
		if refusal, ok := errors.AsType[*sandbox.EgressError](err); !ok || !strings.Contains(address, refusal.Host) && refusal.Host != "qun.qq.com" {
			t.Errorf("%s: %v", address, err)
		}
	}
	equal(t, s.RefusedEgress(), []string{"snowflake.qq.com", "qun.qq.com", "example.com", "192.0.2.1", "127.0.0.1", "localhost"})
	// Only reading is played.
	if answer, err := web.Post("https://keyrotate.qq.com/", "text/plain", strings.NewReader("x")); err == nil {
		answer.Body.Close()
		t.Error("the key page takes a post")
	}
}
