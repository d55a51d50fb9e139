package mirai

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/rs/zerolog"

	"echogate/protocol"
)

// Run implements [protocol.Session]. The error is permanent: session.token is missing, damaged or refused, the data
// folder cannot be used, or another Driver runs in this process.
func (d *Driver) Run(ctx context.Context) error {
	if err := d.checkStarted(); err != nil {
		return err
	}
	defer close(d.events)
	token, u, err := readToken(d.opts.Dir)
	if err != nil {
		d.state.offline(err.Error())
		return err
	}
	d.account.Store(int64(u))
	unhook, err := hook(newGuard(d.opts.Transport, d.sandboxed()))
	if err != nil {
		return fmt.Errorf("run driver: %w", err)
	}
	defer unhook()
	running, stop := context.WithCancel(ctx)
	defer stop()
	d.gate.open(running.Done())
	c, err := d.newClient(running, u)
	if err != nil {
		if stopped(ctx) {
			return nil
		}
		return fmt.Errorf("make client: %w", err)
	}
	d.client.Store(c)
	d.counts.packets.Store(c.GetStatistics())

	fill := newFiller(d)
	p := newPump(d, fill.ask)
	var pumping sync.WaitGroup
	pumping.Go(func() { fill.run(running) })
	pumping.Go(func() { p.run(running) })
	err = d.stayOnline(ctx, c, token)
	d.signals.stopped.Store(true)
	c.Disconnect()
	c.Release()
	stop()
	pumping.Wait()
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.timing.Farewell)
	defer cancel()
	p.finish(farewell)
	if n := d.calls.wait(d.timing.Farewell); n > 0 {
		d.log.Info().Int("calls", n).Msg("calls into MiraiGo are left to end by themselves")
	}
	return err
}

// ending is how a session ended, or a login failed.
type ending struct {
	reason string
	kicked bool  // QQ ended it
	fatal  error // no further login can work
}

// stayOnline logs in again and again, until ctx ends. Its error is permanent.
func (d *Driver) stayOnline(ctx context.Context, c *client.QQClient, token []byte) error {
	pause := &backoff{low: d.timing.MinBackoff, high: d.timing.MaxBackoff}
	for {
		began := time.Now()
		var end ending
		end, token = d.session(ctx, c, token)
		if stopped(ctx) {
			d.state.offline("stopped")
			return nil
		}
		d.lose(end.reason)
		c.Disconnect()
		if end.fatal != nil {
			return end.fatal
		}
		if time.Since(began) > d.timing.MaxBackoff {
			pause.reset()
		}
		wait := pause.next()
		if end.kicked {
			d.counts.lost.Add(1)
			wait = max(wait, d.timing.Kicked)
		}
		d.log.Debug().Bool("ended_by_qq", end.kicked).Dur("pause", wait).Msg("logging in again after a pause")
		select {
		case <-ctx.Done():
			d.state.offline("stopped")
			return nil
		case <-time.After(wait):
		}
	}
}

func stopped(ctx context.Context) bool { return ctx.Err() != nil }

// session is one login and what follows, until the connection is lost for good. It returns the token for the next.
func (d *Driver) session(ctx context.Context, c *client.QQClient, token []byte) (ending, []byte) {
	d.signals.clear()
	d.gate.setBlind(true)
	if end, ok := d.login(ctx, c, token); !ok {
		return end, token
	}
	token = d.keepToken(c, token)
	if err := d.arrive(ctx, c); err != nil {
		return ending{reason: "load lists: " + err.Error(), kicked: d.signals.kicked.Load()}, token
	}
	return d.hold(ctx, c), token
}

// lossWait bounds how long a loss is kept back for messages that are still being decoded.
const lossWait = time.Second

// lose reports a loss, once, behind all messages that were read before it. An account that goes on being offline is
// seldom worth a line.
func (d *Driver) lose(reason string) {
	level := zerolog.DebugLevel
	if d.state.remind(time.Now()) {
		level = zerolog.WarnLevel
	}
	d.log.WithLevel(level).Str("reason", reason).Msg("offline; trying to come back")
	if d.state.offline(reason) {
		d.gate.settle(lossWait)
		d.inbox.put(item{kind: session, event: protocol.Offline{Reason: reason}})
	}
}
