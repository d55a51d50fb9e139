package gateway

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkValidate(t, []validateCase{
		{func(*Config) {}, ""},
		{func(c *Config) { c.URL = "WSS://bot.example/onebot?x=1" }, ""},
		{func(c *Config) { c.URL = "ws://[::1]:8080" }, ""},
		{func(c *Config) { c.URL, c.APIURL, c.EventURL = "", "ws://h/api", "ws://h/event" }, ""},
		{func(c *Config) { c.Heartbeat, c.PingInterval = 0, 0 }, ""},
		{func(c *Config) { c.Headers["x-own"], c.Headers["Authorization"] = "1", "Token x" }, ""},
		{func(c *Config) { c.Name = " " }, `endpoints[ ].name: is missing; logs and status need one`},
		{func(c *Config) { c.URL = "" }, `endpoints[nonebot].url: is missing; give url, or api_url and event_url`},
		{func(c *Config) { c.APIURL = "ws://h" }, `endpoints[nonebot].url: excludes api_url and event_url`},
		{func(c *Config) { c.URL, c.APIURL = "", "ws://h" }, `endpoints[nonebot].event_url: is missing beside api_url`},
		{func(c *Config) { c.URL, c.EventURL = "", "ws://h" }, `endpoints[nonebot].api_url: is missing beside event_url`},
		{func(c *Config) { c.URL, c.APIURL, c.EventURL = "", "ws://h", "h" }, `endpoints[nonebot].event_url: scheme "" is not ws or wss`},
		{func(c *Config) { c.URL = "http://h" }, `endpoints[nonebot].url: scheme "http" is not ws or wss`},
		{func(c *Config) { c.URL = "ws://:80" }, `endpoints[nonebot].url: has no host`},
		{func(c *Config) { c.URL = "ws://h:0" }, `endpoints[nonebot].url: port 0 is not between 1 and 65535`},
		{func(c *Config) { c.URL = "ws://h/#x" }, `endpoints[nonebot].url: has a fragment (#...), which WebSocket addresses cannot have`},
		{func(c *Config) { c.URL = "ws://h:x/?token=CANARY" }, `endpoints[nonebot].url: is not an address`},
		{func(c *Config) { c.AccessToken = "CANARY\n" }, `endpoints[nonebot].access_token: has a control character, perhaps a line break`},
		{func(c *Config) { c.Headers["a b"] = "" }, `endpoints[nonebot].headers.a b: is not a header name`},
		{func(c *Config) { c.Headers["a"] = "CANARY\r" }, `endpoints[nonebot].headers.a: has a control character, perhaps a line break`},
		{func(c *Config) { c.Headers["x-self-id"] = "1" }, `endpoints[nonebot].headers.x-self-id: is set by the gateway itself`},
		{func(c *Config) { c.Headers["sec-websocket-key"] = "1" }, `endpoints[nonebot].headers.sec-websocket-key: is set by the gateway itself`},
		{
			func(c *Config) { c.AccessToken, c.Headers["authorization"] = "CANARY", "1" },
			`endpoints[nonebot].headers.authorization: is already set by access_token`,
		},
		{func(c *Config) { c.Format = "Array" }, `endpoints[nonebot].format: "Array" is not array or string`},
		{func(c *Config) { c.Heartbeat = 5000 }, `endpoints[nonebot].heartbeat: 5µs is too short; durations have a unit, such as 500ms or 5s`},
		{func(c *Config) { c.PongTimeout = 0 }, `endpoints[nonebot].pong_timeout: 0s is too short; durations have a unit, such as 500ms or 5s`},
		{func(c *Config) { c.Reconnect.Min = -time.Second }, `endpoints[nonebot].reconnect.min: -1s is too short; durations have a unit, such as 500ms or 5s`},
		{func(c *Config) { c.Reconnect.Min = time.Hour }, `endpoints[nonebot].reconnect.max: 1m0s is less than reconnect.min, 1h0m0s`},
		{func(c *Config) { c.ReadLimit = 0 }, `endpoints[nonebot].read_limit: 0 is not positive`},
		{func(c *Config) { c.Queue.Bytes = -1 }, `endpoints[nonebot].queue.bytes: -1 is not positive`},
		{func(c *Config) { c.Queue.Events = 0 }, `endpoints[nonebot].queue.events: 0 is not positive`},
		{func(c *Config) { c.Queue.Age = 0 }, ""},
		{func(c *Config) { c.Queue.Age = 300 }, `endpoints[nonebot].queue.age: 300ns is too short; durations have a unit, such as 500ms or 5s`},
		{func(c *Config) { c.Queue.Overflow = "" }, `endpoints[nonebot].queue.overflow: "" is not oldest or newest`},
		{func(c *Config) { c.TLS.ServerName = "h" }, `endpoints[nonebot].tls: is set, but url is not a wss:// address`},
		{
			func(c *Config) { c.URL, c.TLS.CA = "wss://h", "/missing.pem" },
			`endpoints[nonebot].tls.ca: read certificates: open /missing.pem: no such file or directory`,
		},
		{func(c *Config) { c.URL, c.TLS.CA = "wss://h", junk }, `endpoints[nonebot].tls.ca: ` + junk + ` holds no PEM certificate`},
		{func(c *Config) { c.URL, c.TLS.Cert = "wss://h", junk }, `endpoints[nonebot].tls.key: is missing beside tls.cert`},
		{func(c *Config) { c.URL, c.TLS.Key = "wss://h", junk }, `endpoints[nonebot].tls.cert: is missing beside tls.key`},
		{
			func(c *Config) { c.URL, c.TLS.Cert, c.TLS.Key = "wss://h", junk, junk },
			`endpoints[nonebot].tls.cert: load client certificate: tls: failed to find any PEM data in certificate input`,
		},
	})
}

func TestValidateNetwork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkValidate(t, []validateCase{
		{
			func(c *Config) { c.AccessToken, c.AccessTokenFile = "CANARY", file },
			`endpoints[nonebot].access_token_file: excludes access_token`,
		},
		{
			func(c *Config) { c.AccessTokenFile, c.Headers["authorization"] = file, "1" },
			`endpoints[nonebot].headers.authorization: is already set by access_token_file`,
		},
		{func(c *Config) { c.AccessTokenFile, c.Proxy = file, "socks5://u:p@h:1" }, ""},
		{func(c *Config) { c.Proxy = "environment" }, ""},
		{func(c *Config) { c.Proxy = "h:80" }, `endpoints[nonebot].proxy: is not "environment" and does not begin with http://, https:// or socks5://`},
		{func(c *Config) { c.Proxy = "http://" }, `endpoints[nonebot].proxy: has no host`},
		{func(c *Config) { c.Proxy = "http://h:99999" }, `endpoints[nonebot].proxy: port 99999 is not between 1 and 65535`},
		{func(c *Config) { c.Proxy = "http://h/CANARY" }, `endpoints[nonebot].proxy: has more than a user, a host and a port`},
		{func(c *Config) { c.URL, c.Proxy = "ws+unix:///a", "http://h" }, `endpoints[nonebot].proxy: is set, but url is a unix socket`},
	})
}

// validateCase is a change to a valid configuration and the error that it makes, "" for none.
type validateCase struct {
	change func(*Config)
	want   string
}

func checkValidate(t *testing.T, cases []validateCase) {
	t.Helper()
	for _, c := range cases {
		conf := DefaultConfig()
		conf.Name, conf.URL = "nonebot", "ws://127.0.0.1:8080/onebot/v11/ws"
		conf.Headers = map[string]string{}
		c.change(&conf)
		got := ""
		if err := conf.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("error is  %s\nwant      %s", got, c.want)
		}
	}
}

func addressError(raw string) error {
	_, err := resolve(raw)
	return err
}

// FuzzURL feeds any address with secrets in it through everything that shows addresses.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"ws://h/p", "wss://h:1/", "ws://[::1", "ws://h/%zz", "http://h", "", "ws://h:99999", "ws:h", "//h", "ws+unix:///run/b.sock:/a", "wss+unix:///b%3a.sock", "ws+unix:///:", "ws://h\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, base string) {
		const secret = "kept-secret"
		if strings.ContainsAny(base, "#") || strings.Contains(base, secret) {
			return // then it would not be where secrets stand
		}
		for _, raw := range []string{base + "?token=" + secret, strings.Replace(base, "://", "://user:"+secret+"@", 1)} {
			switch err := addressError(raw); {
			case raw == base:
			case err != nil && strings.Contains(err.Error(), secret):
				t.Errorf("%q is refused with %v", raw, err)
			case err == nil && strings.Contains(masked(raw), secret):
				t.Errorf("%q is shown as %q", raw, masked(raw))
			case err == nil && addressError(masked(raw)) != nil:
				t.Errorf("%q is shown as %q, which is no address", raw, masked(raw))
			}
		}
	})
}
