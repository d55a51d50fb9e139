package sight

import (
	"bytes"
	"context"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rs/zerolog"

	"echogate/gateway"
)

// scrape asks for the metrics and parses them.
func scrape(t *testing.T, s *Sight) map[string]*dto.MetricFamily {
	t.Helper()
	code, body := get(t, s, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("metrics are %d %s", code, body)
	}
	families, err := parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func parse(r io.Reader) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(r)
}

// samples returns the values of a family by the values of their labels.
func samples(f *dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, m := range f.GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetValue())
		}
		all[strings.Join(labels, ",")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return all
}

func TestMetricsTellWhatIsSeen(t *testing.T) {
	got := scrape(t, watch(t, account, endpoints))
	const other = `old "one"`
	for name, want := range map[string]map[string]float64{
		"echogate_build_info":                          {"v1.2.3": 1},
		"echogate_qq_online":                           {"": 1},
		"echogate_qq_online_changed_timestamp_seconds": {"": float64(noon().Unix())},
		"echogate_qq_last_message_timestamp_seconds":   {"": float64(noon().Unix() + 60)},
		"echogate_qq_packets_received_total":           {"": 11},
		"echogate_qq_packets_sent_total":               {"": 12},
		"echogate_qq_packets_lost_total":               {"": 13},
		"echogate_qq_messages_received_total":          {"": 14},
		"echogate_qq_messages_sent_total":              {"": 15},
		"echogate_qq_messages_reordered_total":         {"": 16},
		"echogate_qq_messages_duplicate_total":         {"": 17},
		"echogate_qq_disconnects_total":                {"": 18},
		"echogate_qq_logouts_total":                    {"": 19},
		"echogate_endpoint_connected":                  {"nonebot": 1, other: 0},
		"echogate_endpoint_queued_events":              {"nonebot": 21, other: 1},
		"echogate_endpoint_queued_bytes":               {"nonebot": 22, other: 0},
		"echogate_endpoint_events_sent_total":          {"nonebot": 23, other: 0},
		"echogate_endpoint_events_dropped_total":       {"nonebot": 24, other: 0},
		"echogate_endpoint_events_expired_total":       {"nonebot": 8, other: 0},
		"echogate_endpoint_answers_dropped_total":      {"nonebot": 25, other: 0},
		"echogate_endpoint_handler_panics_total":       {"nonebot": 26, other: 0},
		"echogate_endpoint_actions_running":            {"nonebot": 27, other: 0},
		"echogate_endpoint_link_connected":             {"nonebot,universal": 1, other + ",api": 1, other + ",event": 0},
		"echogate_endpoint_link_dials_total":           {"nonebot,universal": 31, other + ",api": 41, other + ",event": 43},
		"echogate_endpoint_link_reconnects_total":      {"nonebot,universal": 32, other + ",api": 42, other + ",event": 0},
	} {
		if g := samples(got[name]); !maps.Equal(g, want) {
			t.Errorf("%s is %v, want %v", name, g, want)
		}
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
		if samples(got[name])[""] <= 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestLatencyHistogram(t *testing.T) {
	family := scrape(t, watch(t, account, endpoints))["echogate_endpoint_action_duration_seconds"]
	if n := len(family.GetMetric()); n != 2 {
		t.Fatalf("%d histograms, want one for each endpoint", n)
	}
	h := family.GetMetric()[0].GetHistogram()
	got := map[float64]uint64{}
	for _, b := range h.GetBucket() {
		got[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	if h.GetSampleCount() != 5 || h.GetSampleSum() != 90 || got[0.001] != 1 || got[2.5] != 4 {
		t.Errorf("histogram is %v", h)
	}
}

// TestMetricsAreDocumented compares the table of the package's documentation with a scrape, letter by letter.
func TestMetricsAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var documented, scraped []string
	for line := range strings.Lines(file.Doc.Text()) {
		if fields := strings.Fields(line); len(fields) > 3 && strings.HasPrefix(fields[0], "echogate_") {
			documented = append(documented, strings.Join(fields, " "))
		}
	}
	for name, family := range scrape(t, watch(t, account, endpoints)) {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if labels == nil {
			labels = []string{"-"}
		}
		kind := strings.ToLower(family.GetType().String())
		scraped = append(scraped, strings.Join([]string{name, kind, strings.Join(labels, ","), family.GetHelp()}, " "))
	}
	slices.Sort(documented)
	slices.Sort(scraped)
	if len(scraped) < 20 || !slices.Equal(documented, scraped) {
		t.Errorf("documented:\n%s\nscraped:\n%s", strings.Join(documented, "\n"), strings.Join(scraped, "\n"))
	}
}

func TestNamesFollowConventions(t *testing.T) {
	families := slices.Collect(maps.Values(scrape(t, watch(t, account, endpoints))))
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "echogate_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestUnspeakableName has an endpoint whose name is not UTF-8: the others are still shown, and the log tells.
func TestUnspeakableName(t *testing.T) {
	var log strings.Builder
	s, err := New(Options{QQ: account, Log: zerolog.New(&log), Endpoints: func() []gateway.EndpointStatus {
		return append(endpoints(), gateway.EndpointStatus{Name: "a\xff"})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := samples(scrape(t, s)["echogate_endpoint_connected"]); len(got) != 2 || got["nonebot"] != 1 {
		t.Errorf("connected is %v, want the two that have names", got)
	}
	if !strings.Contains(log.String(), "metrics are not complete") {
		t.Errorf("log is %q", log.String())
	}
}

// fetch gets a page over a connection. /metrics must parse; its families are returned.
func fetch(ctx context.Context, client *http.Client, url string) (map[string]*dto.MetricFamily, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(url, "/metrics") {
		return nil, err
	}
	return parse(bytes.NewReader(body))
}

// TestConcurrentScrapes asks for every page at once, over connections, while the numbers grow.
func TestConcurrentScrapes(t *testing.T) {
	const clients, rounds = 8, 5
	pages := []string{"/livez", "/readyz", "/status", "/metrics"}
	var asked atomic.Uint64
	s := watch(t, account, func() []gateway.EndpointStatus {
		all := endpoints()
		all[0].SentEvents = asked.Add(1)
		return all
	})
	address, stop := serve(t, s)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			last := 0.0
			for i := range rounds * len(pages) {
				path := pages[i%len(pages)]
				families, err := fetch(t.Context(), client, "http://"+address+path)
				if err != nil {
					t.Error(err)
					return
				}
				if families == nil {
					continue
				}
				sent := samples(families["echogate_endpoint_events_sent_total"])["nonebot"]
				if sent <= last {
					t.Errorf("counter went from %v to %v", last, sent)
				}
				last = sent
			}
		})
	}
	running.Wait()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != clients*rounds*uint64(len(pages)) {
		t.Errorf("endpoints were asked %d times, want once for each request", n)
	}
}
