package mirai

import "time"

// watchdog recognizes a connection that is open on this side only. MiraiGo never notices: it has no read deadline, its
// heartbeat ignores timeouts, and may have died (when it woke up while MiraiGo reconnected). The probes therefore also
// stand in for the heartbeat. It is a pure state machine.
type watchdog struct {
	probe, silence time.Duration

	packets uint64
	heard   time.Time // when packets last moved
	asked   time.Time // when the last probe was sent
	failed  int       // probes in a row
}

type action uint8

const (
	rest   action = iota
	ask           // send a probe
	giveUp        // the connection is dead
)

func newWatchdog(t Timing, now time.Time) *watchdog {
	return &watchdog{probe: t.Probe, silence: t.Silence, heard: now}
}

// look is called now and then with the number of packets received so far.
func (w *watchdog) look(now time.Time, packets uint64) action {
	if packets != w.packets {
		w.packets, w.heard, w.failed = packets, now, 0
		return rest
	}
	quiet := now.Sub(w.heard)
	switch {
	case quiet >= w.silence || w.failed >= 2:
		return giveUp
	case quiet >= w.probe && now.Sub(w.asked) >= w.probe/4:
		w.asked = now
		return ask
	default:
		return rest
	}
}

// excuse notes that the silence is our own doing.
func (w *watchdog) excuse(now time.Time) { w.heard, w.failed = now, 0 }

// answer takes in how a probe ended.
func (w *watchdog) answer(ok bool) {
	if ok {
		w.failed = 0
		return
	}
	w.failed++
}
