package gateway

import "time"

// Config is one endpoint as the user writes it. Start from DefaultConfig: a zero value is not valid.
type Config struct {
	// Name is the endpoint's unique name, for logs, status and errors.
	Name string `mapstructure:"name"`
	// URL is the ws:// or wss:// address of a universal connection, for events and actions both. A framework on a unix
	// socket is reached with ws+unix:///path/to.sock:/uri, or wss+unix; the handshake then asks for the host localhost.
	URL string `mapstructure:"url"`
	// APIURL and EventURL, always together and instead of URL, are the addresses of two separate connections.
	APIURL   string `mapstructure:"api_url"`
	EventURL string `mapstructure:"event_url"`
	// AccessToken is sent as "Authorization: Bearer <token>" when it is not empty, and nowhere else.
	AccessToken string `mapstructure:"access_token"`
	// AccessTokenFile, instead of AccessToken, is a file that holds the token. It is read at every dial, so that a new
	// token is picked up; space around it is left out.
	AccessTokenFile string `mapstructure:"access_token_file"`
	// Headers are sent with the handshake in addition to the gateway's own; an Authorization of another scheme, for one.
	Headers map[string]string `mapstructure:"headers"`
	// Proxy is the way to the address: http://, https:// or socks5://[user:password@]host:port, or "environment" for
	// HTTP_PROXY (ws://), HTTPS_PROXY (wss://) and NO_PROXY, which never apply to loopback addresses. Empty, as in
	// go-cqhttp, is none. HTTP proxies must allow CONNECT; a SOCKS proxy looks the name up.
	Proxy string `mapstructure:"proxy"`
	// Format is how messages in events are written: "array" (segments) or "string" (CQ codes).
	Format string `mapstructure:"format"`
	// Heartbeat is the time between two heartbeat events; 0 sends none.
	Heartbeat time.Duration `mapstructure:"heartbeat"`
	// Reconnect bounds the pauses between two dials.
	Reconnect Reconnect `mapstructure:"reconnect"`
	// ReadLimit is the largest action frame accepted, in bytes; a larger one closes the connection with 1009.
	ReadLimit int64 `mapstructure:"read_limit"`
	// Queue bounds the outbox.
	Queue Queue `mapstructure:"queue"`
	// TLS is for wss:// addresses.
	TLS TLS `mapstructure:"tls"`
	// DialTimeout bounds the TCP connection, name lookup included.
	DialTimeout time.Duration `mapstructure:"dial_timeout"`
	// HandshakeTimeout bounds what follows, TLS and the WebSocket upgrade. It is generous, because TRSS-Yunzai holds
	// the upgrade back until the bot has started.
	HandshakeTimeout time.Duration `mapstructure:"handshake_timeout"`
	// PingInterval is the time between two WebSocket pings of ours; 0 sends none.
	PingInterval time.Duration `mapstructure:"ping_interval"`
	// PongTimeout is how long the far side may show no sign of life after a ping. It is longer than a network needs,
	// because some servers (Node's ws) answer only after they have handled every frame that came before.
	PongTimeout time.Duration `mapstructure:"pong_timeout"`
	// WriteTimeout is how long a write may take for every 256 KiB it has; a larger frame gets as many times more.
	WriteTimeout time.Duration `mapstructure:"write_timeout"`
}

// Reconnect bounds the pauses between two dials of one connection.
type Reconnect struct {
	// Min is the usual pause of the first, fast attempts, and the start of the growth after them.
	Min time.Duration `mapstructure:"min"`
	// Max is the longest pause.
	Max time.Duration `mapstructure:"max"`
}

// Queue bounds the events that wait for one endpoint. What is beyond a bound is dropped and counted.
type Queue struct {
	// Bytes is the sum of the waiting events' lengths. Endpoints of the same format share the memory.
	Bytes int64 `mapstructure:"bytes"`
	// Events is their number.
	Events int `mapstructure:"events"`
	// Age is how long an event may wait before it is dropped; 0 is for ever. A bot that comes back after a long time
	// should not answer what was said at its beginning.
	Age time.Duration `mapstructure:"age"`
	// Overflow says what is dropped when Bytes or Events is reached: the "oldest" events, or the "newest", those that come.
	Overflow string `mapstructure:"overflow"`
}

// The names of Overflow's choices.
const (
	overflowOldest = "oldest"
	overflowNewest = "newest"
)

// TLS says whom a wss:// connection trusts and how it identifies itself. Files are PEM and are read at every dial, so that
// a renewed certificate is picked up.
type TLS struct {
	// CA is a file of certificates to trust instead of the system's, for an https:// proxy too.
	CA string `mapstructure:"ca"`
	// Cert and Key, always together, are the files of a client certificate.
	Cert string `mapstructure:"cert"`
	Key  string `mapstructure:"key"`
	// ServerName is the name that the server's certificate must carry, if it is not the URL's host.
	ServerName string `mapstructure:"server_name"`
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool `mapstructure:"insecure_skip_verify"`
}

// DefaultConfig returns a configuration that lacks only a name and an address.
//
// The heartbeat interval is go-cqhttp's. The queue holds a burst of 50,000 messages of 1 KiB with room to spare, and five
// minutes of absence, enough for an update of a framework with its restart. The read
// limit lets pictures and short videos in as base64 (go-cqhttp issue 1156 tells of a limit that did not).
func DefaultConfig() Config {
	return Config{
		Format:           formatArray,
		Heartbeat:        5 * time.Second,
		Reconnect:        Reconnect{Min: 200 * time.Millisecond, Max: time.Minute},
		ReadLimit:        128 << 20,
		Queue:            Queue{Bytes: 128 << 20, Events: 100_000, Age: 5 * time.Minute, Overflow: overflowOldest},
		DialTimeout:      10 * time.Second,
		HandshakeTimeout: 30 * time.Second,
		PingInterval:     15 * time.Second,
		PongTimeout:      30 * time.Second,
		WriteTimeout:     15 * time.Second,
	}
}
