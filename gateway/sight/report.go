package sight

import (
	"cmp"
	"fmt"
	"time"
)

// missing returns a line for everything that keeps the daemon from being ready.
func (v view) missing() []string {
	var all []string
	switch {
	case !v.qq.Online && v.qq.Since.IsZero():
		all = append(all, "qq: not online yet")
	case !v.qq.Online:
		all = append(all, "qq: offline since "+v.qq.Since.Format(time.RFC3339))
	}
	for _, e := range v.endpoints {
		for _, l := range e.Links {
			if !l.Connected {
				all = append(all, fmt.Sprintf("endpoint %q: %s connection to %s is not up: %s",
					e.Name, l.Role, l.URL, cmp.Or(l.LastError, "no attempt has ended yet")))
			}
		}
	}
	return all
}

// The page /status. Keys follow the metrics' names where there is one.
type (
	statusPage struct {
		Version   string           `json:"version"`
		Ready     bool             `json:"ready"`
		Missing   []string         `json:"missing"` // what keeps it from being ready
		QQ        qqStatus         `json:"qq"`
		Endpoints []endpointStatus `json:"endpoints"`
	}
	qqStatus struct {
		Online             bool       `json:"online"`
		Since              *time.Time `json:"since"`
		LastMessage        *time.Time `json:"last_message"`
		PacketsReceived    uint64     `json:"packets_received"`
		PacketsSent        uint64     `json:"packets_sent"`
		PacketsLost        uint64     `json:"packets_lost"`
		MessagesReceived   uint64     `json:"messages_received"`
		MessagesSent       uint64     `json:"messages_sent"`
		MessagesReordered  uint64     `json:"messages_reordered"`
		MessagesDuplicated uint64     `json:"messages_duplicate"`
		Disconnects        uint64     `json:"disconnects"`
		Logouts            uint64     `json:"logouts"`
	}
	endpointStatus struct {
		Name            string       `json:"name"`
		Connected       bool         `json:"connected"`
		QueuedEvents    int          `json:"queued_events"`
		QueuedBytes     int64        `json:"queued_bytes"`
		EventsSent      uint64       `json:"events_sent"`
		EventsDropped   uint64       `json:"events_dropped"`
		EventsExpired   uint64       `json:"events_expired"` // those of the dropped that had become too old
		ActionsRunning  int          `json:"actions_running"`
		ActionsAnswered uint64       `json:"actions_answered"`
		ActionSeconds   float64      `json:"action_seconds"` // sum over all that were answered
		AnswersDropped  uint64       `json:"answers_dropped"`
		HandlerPanics   uint64       `json:"handler_panics"`
		Links           []linkStatus `json:"links"`
	}
	linkStatus struct {
		Role       string     `json:"role"`
		URL        string     `json:"url"`
		Connected  bool       `json:"connected"`
		Since      *time.Time `json:"since"`
		Dials      uint64     `json:"dials"`
		Reconnects uint64     `json:"reconnects"`
		LastError  string     `json:"last_error"`
	}
)

// report returns the page for what was seen.
func (v view) report(version string) statusPage {
	missing := v.missing()
	page := statusPage{
		Version: version, Ready: len(missing) == 0, Missing: append([]string{}, missing...),
		QQ: qqStatus{
			Online: v.qq.Online, Since: moment(v.qq.Since), LastMessage: moment(v.qq.LastMessage),
			PacketsReceived: v.qq.PacketsReceived, PacketsSent: v.qq.PacketsSent, PacketsLost: v.qq.PacketsLost,
			MessagesReceived: v.qq.MessagesReceived, MessagesSent: v.qq.MessagesSent,
			MessagesReordered: v.qq.MessagesReordered, MessagesDuplicated: v.qq.MessagesDuplicated,
			Disconnects: v.qq.Disconnects, Logouts: v.qq.Logouts,
		},
		Endpoints: []endpointStatus{},
	}
	for _, e := range v.endpoints {
		shown := endpointStatus{
			Name: e.Name, Connected: e.Connected, QueuedEvents: e.QueuedEvents, QueuedBytes: e.QueuedBytes,
			EventsSent: e.SentEvents, EventsDropped: e.DroppedEvents, EventsExpired: e.ExpiredEvents, ActionsRunning: e.Actions.Running,
			ActionsAnswered: e.Actions.Answered, ActionSeconds: e.Actions.Took.Seconds(),
			AnswersDropped: e.AnswersDropped, HandlerPanics: e.Panics, Links: []linkStatus{},
		}
		for _, l := range e.Links {
			shown.Links = append(shown.Links, linkStatus{
				Role: string(l.Role), URL: l.URL, Connected: l.Connected, Since: moment(l.Since),
				Dials: l.Dials, Reconnects: l.Reconnects, LastError: l.LastError,
			})
		}
		page.Endpoints = append(page.Endpoints, shown)
	}
	return page
}

// moment returns nil, JSON's null, for a time that has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
