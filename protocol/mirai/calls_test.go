package mirai

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
)

func TestCall(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		f    func() (int, error)
		want int
		is   error  // nil: no error
		text string // part of the error
	}{
		"result":    {func() (int, error) { return 7, nil }, 7, nil, ""},
		"error":     {func() (int, error) { return 0, broken }, 0, broken, "broken"},
		"timeout":   {func() (int, error) { return 0, errors.New("Packet timed out") }, 0, protocol.ErrTimeout, "Packet timed out"},
		"closed":    {func() (int, error) { return 0, errors.New("Packet failed to sendPacket: connection closed") }, 0, protocol.ErrOffline, "closed"},
		"assertion": {func() (int, error) { var i any = "x"; return i.(int), nil }, 0, nil, "MiraiGo panicked: interface conversion"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := newCalls()
			got, err := call(t.Context(), calls, nil, c.f)
			if got != c.want || c.is != nil && !errors.Is(err, c.is) || (err != nil) != (c.text != "") {
				t.Errorf("got %d, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %q, want %q", err, c.text)
			}
			if n := calls.wait(time.Minute); n != 0 || calls.strays != 0 {
				t.Errorf("%d calls under way, %d strays", n, calls.strays)
			}
		})
	}
}

func TestPanicKeepsItsStack(t *testing.T) {
	_, err := call(t.Context(), newCalls(), nil, func() (int, error) { panic("oops") })
	p, ok := errors.AsType[*panicError](err)
	if !ok || !strings.Contains(string(p.stack), "TestPanicKeepsItsStack") {
		t.Errorf("error %#v", err)
	}
}

func TestCallLeavesStraysBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newCalls()
		release := make(chan struct{})
		hang := func() (int, error) { <-release; return 1, nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := call(ctx, calls, nil, hang); !errors.Is(err, protocol.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the deadline: %v", err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := call(canceled, calls, nil, hang); !errors.Is(err, context.Canceled) || errors.Is(err, protocol.ErrTimeout) {
			t.Errorf("canceled: %v", err)
		}
		if _, err := call(canceled, calls, nil, func() (int, error) { t.Error("called"); return 0, nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("with a dead context: %v", err)
		}
		lost := make(chan struct{})
		close(lost)
		if _, err := call(t.Context(), calls, lost, hang); !errors.Is(err, protocol.ErrOffline) {
			t.Errorf("session lost: %v", err)
		}
		began := time.Now()
		if n := calls.wait(2 * time.Second); n != 3 || calls.strays != 3 || time.Since(began) != 2*time.Second {
			t.Errorf("%d calls under way, %d strays after %v", n, calls.strays, time.Since(began))
		}
		close(release)
		if n := calls.wait(time.Hour); n != 0 {
			t.Errorf("%d calls under way", n)
		}
	})
}

func TestUncertainSends(t *testing.T) {
	refused := &protocol.RefusedError{Code: 1}
	for name, c := range map[string]struct {
		err     error
		timeout bool
		offline bool
	}{
		"deadline":       {fmt.Errorf("x: %w", protocol.ErrTimeout), true, false},
		"canceled":       {fmt.Errorf("x: %w", context.Canceled), true, false},
		"lost":           {fmt.Errorf("x: %w", errLost), true, false},
		"could not send": {libraryError(errors.New("connection closed")), false, true},
		"refused":        {refused, false, false},
	} {
		got := uncertain(c.err)
		if errors.Is(got, protocol.ErrTimeout) != c.timeout || errors.Is(got, protocol.ErrOffline) != c.offline {
			t.Errorf("%s: %v", name, got)
		}
	}
}
