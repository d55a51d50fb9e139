package gateway

import (
	"sync/atomic"
	"time"
)

// ActionStatus counts an endpoint's action frames and how long their answers took. The time runs from the moment a frame
// was read until its answer was ready, waiting in line included, and not until the far side took it. Frames whose link was
// gone by then are not in it; AnswersDropped counts those.
type ActionStatus struct {
	// Running are accepted and have not returned yet.
	Running int
	// Answered is the number of answers, Took the sum of their times.
	Answered uint64
	Took     time.Duration
	// Latency tells how many answers took at most Bound, for growing bounds. The slower ones are only in Answered.
	Latency []LatencyBucket
}

// LatencyBucket is the number of answers that took at most Bound.
type LatencyBucket struct {
	Bound time.Duration
	Count uint64
}

const latencyBuckets = 14

// latencyBounds returns the upper bounds of the buckets: from a lookup in memory to more than any framework's patience
// (NoneBot and Koishi give up after 30 to 60 s).
func latencyBounds() [latencyBuckets]time.Duration {
	const ms = time.Millisecond
	return [...]time.Duration{
		1 * ms, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		1 * time.Second, 2500 * ms, 5 * time.Second, 10 * time.Second, 25 * time.Second, 60 * time.Second,
	}
}

// actionMeter measures the calls of one endpoint. All its methods may be called from many goroutines.
type actionMeter struct {
	running atomic.Int64
	took    atomic.Int64                      // nanoseconds
	within  [latencyBuckets + 1]atomic.Uint64 // by the smallest bound that holds, the slower ones last
}

// answered notes one answer.
func (m *actionMeter) answered(took time.Duration) {
	slot := 0
	for _, bound := range latencyBounds() {
		if took <= bound {
			break
		}
		slot++
	}
	m.within[slot].Add(1)
	m.took.Add(int64(took))
}

func (m *actionMeter) status() ActionStatus {
	s := ActionStatus{Running: int(m.running.Load()), Took: time.Duration(m.took.Load())}
	for i, bound := range latencyBounds() {
		s.Answered += m.within[i].Load()
		s.Latency = append(s.Latency, LatencyBucket{bound, s.Answered})
	}
	s.Answered += m.within[len(s.Latency)].Load()
	return s
}
