package gateway

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain makes sure that the tests, all together, leave no goroutine of the gateway or of the WebSocket library behind.
func TestMain(m *testing.M) {
	if m.Run() != 0 {
		return
	}
	if left := leaked(5 * time.Second); left != "" {
		panic("goroutines left behind:\n" + left)
	}
}

// leaked returns the stacks of goroutines that are still there after the grace period.
func leaked(grace time.Duration) string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(grace); ; <-tick.C {
		var left []string
		buf := make([]byte, 4<<20)
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			ours := strings.Contains(stack, "echogate/gateway.") || strings.Contains(stack, "nhooyr.io/websocket")
			if ours && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}
