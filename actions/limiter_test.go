package actions

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol"
	"echogate/protocol/message"
)

func limitedTo(t *testing.T, w *world, r RateLimit) *Session {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	return w.registry(t).Session("limited", SessionOptions{SessionConfig: SessionConfig{RateLimit: r}})
}

// clocked notes when each message reaches the driver, since the start, and in which order.
func clocked(w *world) (texts func() []string, at func() []time.Duration) {
	var mu sync.Mutex
	var said []string
	var times []time.Duration
	began := time.Now()
	send := w.driver.send
	w.driver.send = func(ctx context.Context, to protocol.Chat, body message.Message) (protocol.Message, error) {
		mu.Lock()
		said, times = append(said, body.PlainText()), append(times, time.Since(began))
		mu.Unlock()
		return send(ctx, to, body)
	}
	return func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(said) },
		func() []time.Duration { mu.Lock(); defer mu.Unlock(); return slices.Clone(times) }
}

func sayLimited(group int, text string) []byte {
	return []byte(strings.Replace(string(say(group, text)), "send_group_msg", "send_group_msg_rate_limited", 1))
}

func TestRateLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit RateLimit
		frame func(int, string) []byte
		want  []int64 // when each is sent, in tenths of a second
	}{
		{"suffix", RateLimit{PerSecond: 10, Burst: 2}, sayLimited, []int64{0, 0, 1, 2, 3, 4}},
		{"always", RateLimit{PerSecond: 10, Burst: 1, Always: true}, say, []int64{0, 1, 2, 3, 4, 5}},
		{"suffix and always", RateLimit{PerSecond: 10, Burst: 1, Always: true}, sayLimited, []int64{0, 1, 2, 3, 4, 5}},
		{"no suffix", RateLimit{PerSecond: 10, Burst: 1}, say, []int64{0, 0, 0, 0, 0, 0}},
		{"no limit", RateLimit{}, sayLimited, []int64{0, 0, 0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				texts, at := clocked(w)
				s := limitedTo(t, w, c.limit)
				var calls []Call
				for i := range 6 {
					calls = append(calls, s.Accept(c.frame(1, string(rune('a'+i)))))
				}
				for _, raw := range *runAll(t.Context(), calls...) {
					parseAnswer(t, raw).want(t, 0, "")
				}
				var tenths []int64
				for _, d := range at() {
					tenths = append(tenths, d.Milliseconds()/100)
				}
				if got := strings.Join(texts(), ""); got != "abcdef" || !slices.Equal(tenths, c.want) {
					t.Errorf("sent %s at %v, want %v", got, at(), c.want)
				}
			})
		})
	}
}

// TestLimitedOrder: limited actions keep their order in a chat at any rate, however their calls are scheduled.
func TestLimitedOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		texts, _ := clocked(w)
		s := limitedTo(t, w, RateLimit{PerSecond: 1e6, Burst: 3, Always: true})
		var calls []Call
		var want []string
		for i := range 500 {
			want = append(want, string(rune(0x4e00+i)))
			calls = append(calls, s.Accept(say(1, want[i])))
		}
		runAll(t.Context(), calls...)
		if !slices.Equal(texts(), want) {
			t.Errorf("sent %v", texts())
		}
	})
}

// TestLimitHoldsUpNobodyElse: not queries, not another endpoint in the same chat, not the reader.
func TestLimitHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		texts, at := clocked(w)
		r := w.registry(t)
		slow := r.Session("slow", SessionOptions{SessionConfig: SessionConfig{RateLimit: RateLimit{PerSecond: 0.1, Burst: 1, Always: true}}})
		free := r.Session("free", SessionOptions{})
		began := time.Now()
		runAll(t.Context(),
			slow.Accept(say(1, "a")), slow.Accept(say(1, "later")), free.Accept(say(1, "b")),
			slow.Accept([]byte(`{"action":"get_msg","params":{"message_id":7}}`)),
			func(ctx context.Context) []byte {
				answer := slow.Accept([]byte(`{"action":"delete_msg","params":{"message_id":7}}`))(ctx)
				if took := time.Since(began); took != 0 {
					t.Errorf("the recall took %v", took)
				}
				return answer
			})
		if got := strings.Join(texts(), " "); got != "a b later" || !slices.Equal(at(), []time.Duration{0, 0, 10 * time.Second}) {
			t.Errorf("sent %s at %v", got, at())
		}
	})
}

// TestClosedLinkReturnsTheAllowance: what waited for a link that closed neither happens nor delays the next link.
func TestClosedLinkReturnsTheAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		texts, at := clocked(w)
		s := limitedTo(t, w, RateLimit{PerSecond: 1, Burst: 1, Always: true})
		ctx, closeLink := context.WithCancel(t.Context())
		calls := []Call{s.Accept(say(1, "a"))}
		for range 20 {
			calls = append(calls, s.Accept(say(1, "old")))
		}
		done := make(chan *[][]byte)
		go func() { done <- runAll(ctx, calls...) }()
		synctest.Wait()
		closeLink()
		answers := *<-done
		parseAnswer(t, answers[0]).want(t, 0, "")
		for _, raw := range answers[1:] {
			a := parseAnswer(t, raw)
			a.want(t, 1503, "TIMEOUT")
			if !strings.Contains(a.Wording, "rate limit") || !strings.Contains(a.Wording, "nothing was done") {
				t.Errorf("wording %q", a.Wording)
			}
		}
		parseAnswer(t, s.Accept(say(1, "new"))(t.Context())).want(t, 0, "")
		if got := strings.Join(texts(), " "); got != "a new" || !slices.Equal(at(), []time.Duration{0, time.Second}) {
			t.Errorf("sent %s at %v", got, at())
		}
		if len(s.limiter.queue) != 0 || len(s.registry.lanes.chats) != 0 {
			t.Errorf("%d permits and %d chats are left", len(s.limiter.queue), len(s.registry.lanes.chats))
		}
	})
}

// TestLimitBeyondTheDeadline: who cannot pass in time is told at once, and uses nothing up.
func TestLimitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		_, at := clocked(w)
		s := limitedTo(t, w, RateLimit{PerSecond: 0.1, Burst: 1, Always: true})
		began := time.Now()
		calls := []Call{s.Accept(say(1, "a")), s.Accept(say(1, "b")), s.Accept(say(1, "c"))}
		for range 3 {
			a := parseAnswer(t, s.Accept(say(1, "d"))(t.Context()))
			a.want(t, 1429, "BUSY")
			if !strings.Contains(a.Wording, "rate limit") || string(a.Echo) != `"d"` || time.Since(began) != 0 {
				t.Errorf("wording %q, echo %s, after %v", a.Wording, a.Echo, time.Since(began))
			}
		}
		runAll(t.Context(), calls...)
		if !slices.Equal(at(), []time.Duration{0, 10 * time.Second, 20 * time.Second}) {
			t.Errorf("sent at %v", at())
		}
	})
}

// TestWhatSends: every action with a message to send is under the limit.
func TestWhatSends(t *testing.T) {
	for _, e := range newWorld().registry(t).order {
		says := slices.ContainsFunc(e.params, func(p *param) bool { return p.kind == "message" })
		if says != e.sends {
			t.Errorf("%s: sends is %v, takes a message: %v", e.name, e.sends, says)
		}
	}
}
