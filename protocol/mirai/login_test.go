package mirai

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

// bareDriver is a driver that is not connected, with the gate open.
func bareDriver(t *testing.T, log zerolog.Logger) *Driver {
	t.Helper()
	d, err := New(Options{Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	d.gate.open(make(chan struct{}))
	return d
}

// TestExpiryDuringLogin: only before QQ answered the token is an expired session a refusal of it.
func TestExpiryDuringLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := bareDriver(t, zerolog.Nop())
		done := make(chan outcome[struct{}], 1)
		d.signals.gaveUp(expiredWords)
		if end, _ := d.awaitLogin(t.Context(), done); end == nil || !errors.Is(end.fatal, errRefused) {
			t.Errorf("before the exchange: %+v", end)
		}
		lines := &logger{gate: d.gate, signals: d.signals}
		lines.Debug(packetLine, tokenExchange, uint32(1))
		d.signals.gaveUp(expiredWords)
		// MiraiGo still waits for an answer, and then takes the login for good.
		time.AfterFunc(30*time.Second, func() { done <- outcome[struct{}]{} })
		began := time.Now()
		end, err := d.awaitLogin(t.Context(), done)
		if err == nil || end != nil || time.Since(began) != 30*time.Second {
			t.Fatalf("after the exchange: %v, %+v after %v", err, end, time.Since(began))
		}
		if got, ok := d.judgeLogin(nil, err); ok || got.fatal != nil || got.kicked || !strings.Contains(got.reason, expiredWords) {
			t.Errorf("judged %+v", got)
		}
		if _, err := d.state.current(); !errors.Is(err, protocol.ErrOffline) {
			t.Errorf("logged in with a session that has expired: %v", err)
		}
		d.signals.clear()
		d.signals.gaveUp(expiredWords)
		if end, _ := d.awaitLogin(t.Context(), done); end == nil || end.fatal == nil {
			t.Errorf("in the next login: %+v", end)
		}
	})
}
