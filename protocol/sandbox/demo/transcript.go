package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// frameWidth is how many bytes of a frame are shown: a terminal line or two.
const frameWidth = 220

// transcript prints what happens, one line at a time, from several goroutines.
type transcript struct {
	mu     sync.Mutex
	out    io.Writer
	start  time.Time
	frames int
}

func (t *transcript) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, format+"\n", args...)
}

// note is a line beside the conversation, with the time since the start.
func (t *transcript) note(format string, args ...any) {
	t.line("%7.3fs  %s", time.Since(t.start).Seconds(), fmt.Sprintf(format, args...))
}

// frame shows the start of one WebSocket frame.
func (t *transcript) frame(direction string, frame []byte) {
	t.mu.Lock()
	t.frames++
	t.mu.Unlock()
	shown, cut := string(frame), ""
	if len(shown) > frameWidth {
		shown, cut = strings.ToValidUTF8(shown[:frameWidth], ""), fmt.Sprintf("... (%d bytes)", len(frame))
	}
	t.note("  %s  %s%s", direction, shown, cut)
}
