package sight

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"echogate/gateway"
)

// metricsHandler returns the page /metrics, with a registry of its own.
func (s *Sight) metricsHandler() (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		newCollector(s), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	// What cannot be collected is left out and logged; everything else is still shown.
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: scrapeLog{s.log}, ErrorHandling: promhttp.ContinueOnError}), nil
}

// scrapeLog logs what the Prometheus client complains about.
type scrapeLog struct{ log zerolog.Logger }

// Println is called for a scrape that could not be answered whole.
func (l scrapeLog) Println(v ...any) {
	l.log.Warn().Msg("metrics are not complete: " + fmt.Sprint(v...))
}

// collector turns what is seen at the moment of a scrape into metrics, so that nothing is counted twice.
type collector struct {
	sight     *Sight
	build     *prometheus.Desc
	qq        []metric[QQ]
	endpoint  []metric[gateway.EndpointStatus]
	link      []metric[gateway.LinkStatus]
	durations *prometheus.Desc
}

// metric is a number of a T.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
}

// send sends the metric of one T.
func (m metric[T]) send(to chan<- prometheus.Metric, of T, labels ...string) {
	sample, err := prometheus.NewConstMetric(m.desc, m.kind, m.value(of), labels...)
	if err != nil { // a name that is not UTF-8
		sample = prometheus.NewInvalidMetric(m.desc, err)
	}
	to <- sample
}

// family makes the metrics of one kind of thing.
type family[T any] struct {
	prefix string
	labels []string
}

func (f family[T]) gauge(name, help string, value func(T) float64) metric[T] {
	return metric[T]{prometheus.NewDesc(f.prefix+name, help, f.labels, nil), prometheus.GaugeValue, value}
}

func (f family[T]) counter(name, help string, value func(T) uint64) metric[T] {
	desc := prometheus.NewDesc(f.prefix+name+"_total", help, f.labels, nil)
	return metric[T]{desc, prometheus.CounterValue, func(of T) float64 { return float64(value(of)) }}
}

func newCollector(s *Sight) *collector {
	qq := family[QQ]{"echogate_qq_", nil}
	endpoint := family[gateway.EndpointStatus]{"echogate_endpoint_", []string{"endpoint"}}
	link := family[gateway.LinkStatus]{"echogate_endpoint_link_", []string{"endpoint", "role"}}
	return &collector{
		sight: s,
		build: prometheus.NewDesc("echogate_build_info", "Always 1; the version is a label.", []string{"version"}, nil),
		durations: prometheus.NewDesc("echogate_endpoint_action_duration_seconds",
			"Time from an action's arrival until its answer is ready.", endpoint.labels, nil),
		qq: []metric[QQ]{
			qq.gauge("online", "1 while the account is online.", func(q QQ) float64 { return flag(q.Online) }),
			qq.gauge("online_changed_timestamp_seconds", "When the account last went online or offline, 0 never.",
				func(q QQ) float64 { return unix(q.Since) }),
			qq.gauge("last_message_timestamp_seconds", "When the last message came from QQ, 0 never.",
				func(q QQ) float64 { return unix(q.LastMessage) }),
			qq.counter("packets_received", "Packets from QQ.", func(q QQ) uint64 { return q.PacketsReceived }),
			qq.counter("packets_sent", "Packets to QQ.", func(q QQ) uint64 { return q.PacketsSent }),
			qq.counter("packets_lost", "Packets that QQ did not answer.", func(q QQ) uint64 { return q.PacketsLost }),
			qq.counter("messages_received", "Messages from QQ.", func(q QQ) uint64 { return q.MessagesReceived }),
			qq.counter("messages_sent", "Messages to QQ.", func(q QQ) uint64 { return q.MessagesSent }),
			qq.counter("messages_reordered", "Messages that came out of order and were put right.", func(q QQ) uint64 { return q.MessagesReordered }),
			qq.counter("messages_duplicate", "Messages that came again and were dropped.", func(q QQ) uint64 { return q.MessagesDuplicated }),
			qq.counter("disconnects", "Connections to QQ that broke.", func(q QQ) uint64 { return q.Disconnects }),
			qq.counter("logouts", "Logins that QQ ended.", func(q QQ) uint64 { return q.Logouts }),
		},
		endpoint: []metric[gateway.EndpointStatus]{
			endpoint.gauge("connected", "1 while all connections of the endpoint are up.",
				func(e gateway.EndpointStatus) float64 { return flag(e.Connected) }),
			endpoint.gauge("queued_events", "Events that wait for the endpoint.", func(e gateway.EndpointStatus) float64 { return float64(e.QueuedEvents) }),
			endpoint.gauge("queued_bytes", "Length of the events that wait.", func(e gateway.EndpointStatus) float64 { return float64(e.QueuedBytes) }),
			endpoint.counter("events_sent", "Events written to a connection.", func(e gateway.EndpointStatus) uint64 { return e.SentEvents }),
			endpoint.counter("events_dropped", "Events given up because of the queue's bounds.",
				func(e gateway.EndpointStatus) uint64 { return e.DroppedEvents }),
			endpoint.counter("events_expired", "Those of the dropped that had become too old.",
				func(e gateway.EndpointStatus) uint64 { return e.ExpiredEvents }),
			endpoint.gauge("actions_running", "Actions accepted and not finished yet.",
				func(e gateway.EndpointStatus) float64 { return float64(e.Actions.Running) }),
			endpoint.counter("answers_dropped", "Answers to links that were gone.", func(e gateway.EndpointStatus) uint64 { return e.AnswersDropped }),
			endpoint.counter("handler_panics", "Actions that crashed outside their own recovery.", func(e gateway.EndpointStatus) uint64 { return e.Panics }),
		},
		link: []metric[gateway.LinkStatus]{
			link.gauge("connected", "1 while the connection is up.", func(l gateway.LinkStatus) float64 { return flag(l.Connected) }),
			link.counter("dials", "Attempts to connect.", func(l gateway.LinkStatus) uint64 { return l.Dials }),
			link.counter("reconnects", "Times that the connection came up again.", func(l gateway.LinkStatus) uint64 { return l.Reconnects }),
		},
	}
}

// Describe tells the registry what may come.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.build
	to <- c.durations
	for _, m := range c.qq {
		to <- m.desc
	}
	for _, m := range c.endpoint {
		to <- m.desc
	}
	for _, m := range c.link {
		to <- m.desc
	}
}

// Collect looks and sends what there is.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	seen := c.sight.look()
	metric[string]{c.build, prometheus.GaugeValue, func(string) float64 { return 1 }}.send(to, "", c.sight.options.Version)
	for _, m := range c.qq {
		m.send(to, seen.qq)
	}
	for _, e := range seen.endpoints {
		for _, m := range c.endpoint {
			m.send(to, e, e.Name)
		}
		to <- c.duration(e)
		for _, l := range e.Links {
			for _, m := range c.link {
				m.send(to, l, e.Name, string(l.Role))
			}
		}
	}
}

// duration returns the histogram of an endpoint's actions.
func (c *collector) duration(e gateway.EndpointStatus) prometheus.Metric {
	buckets := make(map[float64]uint64, len(e.Actions.Latency))
	for _, b := range e.Actions.Latency {
		buckets[b.Bound.Seconds()] = b.Count
	}
	h, err := prometheus.NewConstHistogram(c.durations, e.Actions.Answered, e.Actions.Took.Seconds(), buckets, e.Name)
	if err != nil {
		return prometheus.NewInvalidMetric(c.durations, err)
	}
	return h
}

// flag is how Prometheus writes a truth.
func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unix returns Unix seconds, 0 for the zero time.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
