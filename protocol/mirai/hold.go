package mirai

import (
	"context"
	"sync"
	"time"

	"github.com/Mrs4s/MiraiGo/client"
)

// heartbeat is the command with which clients show that they are there. Every QQ server answers it with nothing.
const heartbeat = "Heartbeat.Alive"

// hold waits until the session ends, and tells how.
func (d *Driver) hold(ctx context.Context, c *client.QQClient) ending {
	ctx, cancel := context.WithCancel(ctx)
	var probes sync.WaitGroup
	defer probes.Wait()
	defer cancel()
	answers := make(chan bool, 1)
	dog := newWatchdog(d.timing, time.Now())
	tick := time.NewTicker(min(time.Second, max(d.timing.Probe/8, time.Millisecond)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ending{reason: "stopped"}
		case words := <-d.signals.disconnected:
			return d.judgeLoss(words)
		case words := <-d.signals.broke:
			d.lose(words)
			if end, back := d.reconnected(ctx, c); !back {
				return end
			}
			dog = newWatchdog(d.timing, time.Now())
		case ok := <-answers:
			dog.answer(ok)
		case now := <-tick.C:
			if d.gate.isClosed() {
				dog.excuse(now)
				continue
			}
			switch dog.look(now, c.GetStatistics().PacketReceived.Load()) {
			case ask:
				probes.Go(func() { d.probe(ctx, answers) })
			case giveUp:
				return ending{reason: "QQ does not answer: the connection is half-open"}
			case rest:
			}
		}
	}
}

// probe sends a heartbeat and reports whether it was answered.
func (d *Driver) probe(ctx context.Context, answers chan<- bool) {
	limited, cancel := context.WithTimeout(ctx, d.timing.ProbeWait)
	defer cancel()
	_, err := d.request(limited, heartbeat, []byte{})
	select {
	case answers <- err == nil:
	case <-ctx.Done():
	}
}

// judgeLoss tells from MiraiGo's words how a session ended. Words of QQ's own come with a push that says so.
func (d *Driver) judgeLoss(words string) ending {
	if d.signals.kicked.Load() {
		return ending{reason: "QQ ended the session: " + words, kicked: true}
	}
	return ending{reason: words}
}

// reconnected waits for MiraiGo's own quick reconnect, which registers without a new login. That is worth waiting for: what
// friends said meanwhile then still comes, while a login drops it.
func (d *Driver) reconnected(ctx context.Context, c *client.QQClient) (ending, bool) {
	limit := time.After(d.timing.Recovery)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	down, since := false, time.Now()
	for {
		select {
		case <-ctx.Done():
			return ending{reason: "stopped"}, false
		case words := <-d.signals.disconnected:
			return d.judgeLoss(words), false
		case <-limit:
			return ending{reason: "MiraiGo did not reconnect in time"}, false
		case <-tick.C:
		}
		online := c.Online.Load()
		down = down || !online
		// The flag goes down a moment after the break, and up so soon that it may be missed.
		if !online || !down && time.Since(since) < 200*time.Millisecond {
			continue
		}
		d.state.begin(d.state.get().Self)
		if err := d.arrive(ctx, c); err != nil {
			return ending{reason: "load lists: " + err.Error(), kicked: d.signals.kicked.Load()}, false
		}
		return ending{}, true
	}
}
