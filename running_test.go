package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol/message"
	"echogate/protocol/sandbox"
	"echogate/protocol/sandbox/host"
)

// TestReloadAppliesTheDifference changes the file under a running daemon: an endpoint is added, a policy is set, an error
// is made. The first endpoint's link and the login stay as they are.
func TestReloadAppliesTheDifference(t *testing.T) {
	first, second := newBot(t), newBot(t)
	const one, both = "endpoints: [{name: first, url: '%[1]s'%[3]s}]", "endpoints: [{name: first, url: '%[1]s'%[3]s}, {name: second, url: '%[2]s'}]"
	file := func(text, options string) string { return fmt.Sprintf(text, first.url, second.url, options) }
	path := writeConfig(t, file(one, ""))
	change := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := simulateFile(t, path)
	first.waitConnected(t, 1)

	change(file(both, ""))
	second.waitConnected(t, 1)

	change(file(both, ", actions: {policy: {preset: read_only}}"))
	send := map[string]any{"group_id": 30001, "message": "may I?"}
	for i := 0; ; i++ {
		answer := first.call(t, "send_group_msg", send, fmt.Sprint("try ", i))
		if answer.Retcode == 1403 {
			break
		}
		if answer.Status != "ok" || i > 1000 {
			t.Fatalf("the policy is not applied: %s", answer.raw)
		}
		<-time.After(20 * time.Millisecond)
	}
	if answer := second.call(t, "send_group_msg", send, "the other"); answer.Status != "ok" {
		t.Errorf("the policy of another endpoint was applied: %s", answer.raw)
	}

	change(file(one, ", colour: red"))
	<-time.After(time.Second) // in which nothing may happen
	change(file(both, ", actions: {policy: {preset: read_only}}"))
	if _, err := h.World.SayGroup(20001, 30001, 0, message.Message{message.Text{Text: "still here"}}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*bot{"first": first, "second": second} {
		frames := b.wait(t, name+": the message", func(frames []frame) bool {
			return count(frames, func(f frame) bool { return f.RawMessage == "still here" }) == 1
		})
		if n := count(frames, func(f frame) bool { return f.MetaType == "lifecycle" }); n != 1 {
			t.Errorf("%s was connected %d times", name, n)
		}
	}
	if sessions := h.Server.Sessions(); len(sessions) != 1 {
		t.Errorf("sessions: %v", sessions)
	}
}

// TestSight asks the daemon how it is.
func TestSight(t *testing.T) {
	b := newBot(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	simulateFile(t, writeConfig(t, fmt.Sprintf("sight: {listen: %q}\nendpoints: [{name: bot, url: %q}]", address, b.url)))
	b.waitConnected(t, 1)
	ready := func() bool { status, _ := get(t, "http://"+address+"/readyz"); return status == http.StatusOK }
	for deadline := time.Now().Add(patience); !ready(); { // the link counts once the bot has answered a ping
		if time.Now().After(deadline) {
			t.Fatal("it does not become ready")
		}
		<-time.After(10 * time.Millisecond)
	}
	for page, want := range map[string]string{"livez": "", "status": `"bot"`, "metrics": `echogate_endpoint_connected{endpoint="bot"} 1`} {
		if status, text := get(t, "http://"+address+"/"+page); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("/%s: %d, without %q:\n%.2000s", page, status, want, text)
		}
	}
}

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestStopAnswersWhatQQHolds stops the daemon while QQ is silent: what is in flight is answered before the link closes.
func TestStopAnswersWhatQQHolds(t *testing.T) {
	b := newBot(t)
	config := defaultConfig()
	config.Endpoints = []EndpointConfig{connectTo("bot", b.url)}
	h, err := host.Listen(t.Context(), sandbox.Default(), "127.0.0.1:0", "", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- runSimulated(ctx, h, 0, &daemon{config: config, dir: t.TempDir(), log: zerolog.Nop()})
	}()
	b.waitConnected(t, 1)
	h.Server.ChangeFaults(func(f *sandbox.Faults) { f.Stall = true })
	b.send(t, `{"action":"send_group_msg","params":{"group_id":30001,"message":"into the void"},"echo":"held"}`)
	b.send(t, `{"action":"can_send_image","echo":"after"}`)
	b.answer(t, `"after"`) // so the other was read
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if answer := b.answer(t, `"held"`); answer.Status != "failed" || answer.Retcode != 1503 {
		t.Errorf("answered %s", answer.raw)
	}
}
