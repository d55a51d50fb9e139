package mirai

import (
	"context"
	"encoding/hex"
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/goccy/go-json"

	"echogate/protocol"
)

// newClient makes the MiraiGo client for all logins of this Run. The hooks must be installed: reading a device and
// constructing a client make HTTP requests.
func (d *Driver) newClient(ctx context.Context, u protocol.UserID) (*client.QQClient, error) {
	dev, err := loadDevice(d.opts.Dir)
	if err != nil {
		return nil, err
	}
	written, err := json.Marshal(dev)
	if err != nil {
		return nil, fmt.Errorf("encode device: %w", err)
	}
	return call(ctx, d.calls, nil, func() (*client.QQClient, error) {
		phone := &client.DeviceInfo{}
		if err := phone.ReadJson(written); err != nil {
			return nil, fmt.Errorf("read device: %w", err)
		}
		// MiraiGo takes this one over only where it cannot be decoded (auth/device.go).
		if imsi, err := hex.DecodeString(dev.IMSIMD5); err == nil {
			phone.IMSIMd5 = imsi
		}
		c := client.NewClientMd5(int64(u), [16]byte{})
		c.UseDevice(phone)
		c.SetLogger(&logger{log: d.log, gate: d.gate, signals: d.signals, outage: d.state.isTold})
		if len(d.addresses) > 0 {
			c.SetCustomServer(d.addresses)
			skipServerSearch(c)
		}
		// A server list that QQ pushes would be put before ours, and again with every push.
		c.OnServerUpdated(func(*client.QQClient, *client.ServerUpdatedEvent) bool { return false })
		interceptBreaks(c.TCP, c.TCP.UnexpectedDisconnect, func(err error, reconnect func()) { d.onBreak(c, err, reconnect) })
		d.subscribe(c)
		return c, nil
	})
}

// skipServerSearch keeps the client to the servers that it was given. Otherwise its first connection looks servers up by
// HTTP and DNS and puts them before ours. That happens under an unexported [sync.Once], which this uses up.
func skipServerSearch(c *client.QQClient) {
	once := reflect.ValueOf(c).Elem().FieldByName("initServerOnce")
	(*sync.Once)(unsafe.Pointer(once.UnsafeAddr())).Do(func() {})
}

// interceptBreaks puts handle in the place of MiraiGo's handler of broken connections, which connects and registers
// again at once, and gives it that one as reconnect. The handler and the type that it takes are internal to MiraiGo.
func interceptBreaks[T any](tcp T, set func(func(T, error)), handle func(err error, reconnect func())) {
	field := reflect.ValueOf(tcp).Elem().FieldByName("unexpectedDisconnect")
	own := *(*func(T, error))(unsafe.Pointer(field.UnsafeAddr()))
	set(func(t T, err error) { handle(err, func() { own(t, err) }) })
}

// onBreak is called, in a goroutine of MiraiGo's, when a connection ended that MiraiGo did not close.
func (d *Driver) onBreak(c *client.QQClient, err error, reconnect func()) {
	d.calls.begin()
	defer d.calls.end()
	if !d.signals.mayReconnect(err) {
		return
	}
	why := "the connection broke: " + err.Error()
	if d.state.get().Online {
		d.lose(why) // before the new connection brings messages of its own
	}
	d.signals.reconnecting(why)
	reconnect()
	if d.signals.stopped.Load() {
		c.Disconnect() // Run ended meanwhile; a session that nobody knows of must not remain
	}
}
