package mirai

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/rs/zerolog"

	"echogate/protocol"
)

// Options configure a Driver. Only Dir is needed.
type Options struct {
	// Dir is the data folder in go-cqhttp's layout: device.json (made when missing), session.token (needed), and address.txt
	// (optional: one IP:PORT a line, exactly these servers are used).
	Dir string
	// Transport answers MiraiGo's HTTP requests. Nil is the real network, or nothing but loopback when address.txt names
	// only loopback addresses.
	Transport http.RoundTripper
	Log       zerolog.Logger
	Timing    Timing
}

// Timing holds the driver's durations. Zero means the default.
type Timing struct {
	// Call bounds one request to QQ where the caller's context does not. Default 15 s, as MiraiGo's own.
	Call time.Duration
	// Echo is how long a sent group message may take to come back before the history is searched. Default 5 s, as
	// MiraiGo's own.
	Echo time.Duration
	// Gap is how long a missing seq of a group holds later messages back after the last arrival, before the group's history
	// is asked for it. Default 150 ms.
	Gap time.Duration
	// MaxGap is how long one missing seq holds later messages back while others go on arriving. Default 3 s.
	MaxGap time.Duration
	// PrivateGap is Gap and MaxGap of private chats, whose seqs may skip. Default 50 ms.
	PrivateGap time.Duration
	// Probe is the silence after which the connection is probed. Default 40 s: MiraiGo's heartbeat is answered every 30 s.
	Probe time.Duration
	// ProbeWait is how long a probe may take. Default 10 s.
	ProbeWait time.Duration
	// Silence is the silence after which the connection counts as half-open. Default 75 s; two failed probes are enough, too.
	Silence time.Duration
	// Recovery is how long MiraiGo's own quick reconnect may take. Default 35 s: its registration waits for 30.
	Recovery time.Duration
	// MinBackoff and MaxBackoff bound the pause between logins, which doubles each time. Defaults 1 s and 5 min.
	MinBackoff, MaxBackoff time.Duration
	// Kicked is the least pause after QQ ended the session on its own, which mostly means that another device logged in:
	// fighting over the session gets accounts frozen. Default 30 s.
	Kicked time.Duration
	// Farewell bounds what is done at the end of Run: handing out the last events and waiting for calls. Default 2 s.
	Farewell time.Duration
}

func (t Timing) withDefaults() Timing {
	return Timing{
		Call:       cmp.Or(t.Call, 15*time.Second),
		Echo:       cmp.Or(t.Echo, 5*time.Second),
		Gap:        cmp.Or(t.Gap, 150*time.Millisecond),
		MaxGap:     cmp.Or(t.MaxGap, 3*time.Second),
		PrivateGap: cmp.Or(t.PrivateGap, 50*time.Millisecond),
		Probe:      cmp.Or(t.Probe, 40*time.Second),
		ProbeWait:  cmp.Or(t.ProbeWait, 10*time.Second),
		Silence:    cmp.Or(t.Silence, 75*time.Second),
		Recovery:   cmp.Or(t.Recovery, 35*time.Second),
		MinBackoff: cmp.Or(t.MinBackoff, time.Second),
		MaxBackoff: cmp.Or(t.MaxBackoff, 5*time.Minute),
		Kicked:     cmp.Or(t.Kicked, 30*time.Second),
		Farewell:   cmp.Or(t.Farewell, 2*time.Second),
	}
}

// Driver is one QQ account, played by MiraiGo.
type Driver struct {
	opts      Options
	timing    Timing
	log       zerolog.Logger
	addresses []netip.AddrPort // empty: MiraiGo looks for servers itself
	traits    protocol.Traits

	events  chan protocol.Event
	started atomic.Bool
	calls   *calls
	state   state
	counts  counters
	lists   lists
	inbox   *inbox
	gate    *gate
	signals *signals
	echoes  echoes
	seqs    privateSeqs
	account atomic.Int64 // QQ number, from the token
	client  atomic.Pointer[client.QQClient]
}

var (
	_ protocol.Driver    = (*Driver)(nil)
	_ protocol.Historian = (*Driver)(nil)
)

// eventBuffer is the capacity of Events. What does not fit waits in the inbox, and then in the socket.
const eventBuffer = 256

// New checks the files of the data folder and makes a driver that is not connected to anything. It does not touch the
// network and starts no goroutine.
func New(o Options) (*Driver, error) {
	addresses, err := readAddresses(o.Dir)
	if err != nil {
		return nil, err
	}
	device, err := readDevice(o.Dir)
	if err != nil {
		return nil, err
	}
	box := newInbox()
	d := &Driver{
		opts:      o,
		timing:    o.Timing.withDefaults(),
		log:       o.Log,
		addresses: addresses,
		traits:    protocol.Traits{Name: "MiraiGo", Version: libraryVersion, Protocol: device.Protocol},
		events:    make(chan protocol.Event, eventBuffer),
		calls:     newCalls(),
		inbox:     box,
		gate:      newGate(box),
		signals:   newSignals(),
	}
	d.lists.init()
	d.state.offline("not logged in yet")
	d.seqs.start(time.Now())
	return d, nil
}

// libraryVersion is the only version of MiraiGo that resolves; go.mod names it too.
const libraryVersion = "v0.0.0-20240226124653-54bdd873e3fe"

// Events implements [protocol.Session].
func (d *Driver) Events() <-chan protocol.Event { return d.events }

// Traits implements [protocol.Session].
func (d *Driver) Traits() protocol.Traits { return d.traits }

// Status implements [protocol.Session].
func (d *Driver) Status() protocol.Status {
	s := d.state.get()
	s.Stats = d.counts.statistics()
	return s
}

// sandboxed tells whether every server is on this machine, so that nothing may leave it.
func (d *Driver) sandboxed() bool {
	for _, a := range d.addresses {
		if !a.Addr().IsLoopback() {
			return false
		}
	}
	return len(d.addresses) > 0
}

func (d *Driver) self() protocol.UserID { return protocol.UserID(d.account.Load()) }

func (d *Driver) checkStarted() error {
	if !d.started.CompareAndSwap(false, true) {
		return errors.New("run driver: Run was called before")
	}
	return nil
}
