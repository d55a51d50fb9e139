package history

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"echogate/protocol"
	"echogate/protocol/message"
)

// These make TestKilledInABurst the process that is killed: they name the database and the first seq.
const (
	burstPath = "ECHOGATE_TEST_BURST_PATH"
	burstSeq  = "ECHOGATE_TEST_BURST_SEQ"
)

// unseenSeq is added to the seq of a message for the one it quotes.
const unseenSeq = 1_000_000_000

// burst records without end, and says every id after it got it: "id seq".
func burst(t *testing.T, path string) {
	t.Helper()
	s, _ := open(t, path, zerolog.Nop())
	first, err := strconv.ParseUint(os.Getenv(burstSeq), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	for start := uint32(first); ; start += 64 {
		msgs := make([]protocol.Message, 64)
		for i := range msgs {
			msgs[i] = said(start+uint32(i), fmt.Sprint("message ", start+uint32(i)))
		}
		// A reply to something unseen, so that stand-ins are made too.
		msgs[63] = quoting(start+63, said(start+unseenSeq, "unseen"))
		ids, err := s.Record(t.Context(), msgs)
		if err != nil {
			t.Fatal(err)
		}
		var lines strings.Builder
		for i, id := range ids {
			fmt.Fprintf(&lines, "id %d %d\n", id, msgs[i].Ref.Seq)
		}
		fmt.Fprintf(&lines, "id %d %d\n", msgs[63].Body[0].(message.Reply).ID, start+unseenSeq)
		if _, err := os.Stdout.WriteString(lines.String()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledInABurst kills a process that records, again and again, and finds every id that left it.
func TestKilledInABurst(t *testing.T) {
	if path := os.Getenv(burstPath); path != "" {
		burst(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "history.db")
	given := map[int32]uint32{} // seq by id
	for round := range 3 {
		killDuringBurst(t, path, round, given)
	}
	s, _ := open(t, path, zerolog.Nop())
	for id, seq := range given {
		got, err := s.Get(t.Context(), id)
		if err != nil || got.Ref.Seq != seq {
			t.Fatalf("Get(%d) = seq %d, %v; want %d", id, got.Ref.Seq, err, seq)
		}
		want := fmt.Sprint("message ", seq)
		if seq > unseenSeq {
			want = "unseen"
		} else if _, reply := got.Body.Reply(); reply {
			want = "indeed"
		}
		if got.Body.PlainText() != want {
			t.Fatalf("message %d reads %q, want %q", id, got.Body.CQ(), want)
		}
	}
}

// killDuringBurst runs a burst until it has given some thousand ids, kills it, and notes every id it gave.
func killDuringBurst(t *testing.T, path string, round int, given map[int32]uint32) {
	t.Helper()
	enough := 500 + 777*round
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledInABurst$")
	child.Env = append(os.Environ(), burstPath+"="+path, burstSeq+"="+strconv.Itoa(1+round*10_000_000))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	read := 0
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what the kill cut off was never given
		}
		var id int32
		var seq uint32
		if _, err := fmt.Sscanf(line, "id %d %d\n", &id, &seq); err != nil {
			t.Fatalf("the child said %q", line)
		}
		if before, taken := given[id]; taken {
			t.Fatalf("id %d was given to seq %d and %d", id, before, seq)
		}
		given[id] = seq
		if read++; read != enough {
			continue
		}
		if _, err := Open(t.Context(), path, zerolog.Nop()); !errors.Is(err, ErrInUse) {
			t.Fatalf("Open of a folder in use: %v", err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Wait(); err == nil || read < enough {
		t.Fatalf("the child ended by itself after %d ids: %v", read, err)
	}
}

func TestSecondOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	_, stop := open(t, path, zerolog.Nop())
	_, err := Open(t.Context(), path, zerolog.Nop())
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Fatalf("second Open: %v", err)
	}
	stop()
	open(t, path, zerolog.Nop())
}
