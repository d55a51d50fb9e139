package gateway

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestActionsAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBot(t)
		o := options(b.dial)
		o.Handler = func(string) Handler {
			return handlerFunc(func(frame []byte) Call {
				d, err := time.ParseDuration(string(frame))
				if err != nil {
					return func(context.Context) []byte { return nil }
				}
				return func(ctx context.Context) []byte {
					sleep(context.WithoutCancel(ctx), d)
					return frame
				}
			})
		}
		f := start(t, o, b.config("x"))
		s := b.session()
		s.expect(lifecycle)
		for _, d := range []string{"1ms", "2ms", "25ms", "26ms", "2m0s"} {
			s.send(d)
			sleep(t.Context(), 3*time.Minute)
			s.expect(d)
		}
		s.send("no answer")
		s.send("1h")
		synctest.Wait()
		got := f.Status()[0].Actions
		if got.Running != 1 || got.Answered != 5 || got.Took != 2*time.Minute+54*time.Millisecond {
			t.Errorf("%d running, %d answered in %v; want 1, 5 in 2m0.054s", got.Running, got.Answered, got.Took)
		}
		want := map[time.Duration]uint64{
			time.Millisecond: 1, 5 * time.Millisecond: 2, 10 * time.Millisecond: 2, 25 * time.Millisecond: 3, 50 * time.Millisecond: 4, time.Minute: 4,
		}
		for i, bucket := range got.Latency {
			if n, ok := want[bucket.Bound]; ok && n != bucket.Count {
				t.Errorf("%d answers within %v, want %d", bucket.Count, bucket.Bound, n)
			}
			if i > 0 && (bucket.Bound <= got.Latency[i-1].Bound || bucket.Count < got.Latency[i-1].Count) {
				t.Errorf("bucket %d does not grow: %v", i, got.Latency)
			}
		}

		s.kill()
		b.session()
		sleep(t.Context(), 2*time.Hour)
		got = f.Status()[0].Actions
		if n := f.Status()[0].AnswersDropped; got.Running != 0 || got.Answered != 5 || n != 1 {
			t.Errorf("after the link's end: %d running, %d answered, %d dropped; want 0, 5, 1", got.Running, got.Answered, n)
		}
	})
}

func TestDialsAreCounted(t *testing.T) {
	b := newBot(t)
	b.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n <= 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
		return n <= 3
	}
	f := start(t, options(nil), b.config("x"))
	b.session().expect(lifecycle)
	link := f.await("connected", connected).Links[0]
	if link.Dials != 4 || link.Reconnects != 0 {
		t.Errorf("%d dials, %d reconnects; want 4 and 0", link.Dials, link.Reconnects)
	}
}
