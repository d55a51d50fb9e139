//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// world is the sandbox as a test sees it: it speaks for the users and reads what was said, over the control interface.
type world struct {
	control string // address
}

// chat is a group, or the private chat between the account and one user.
type chat struct {
	group, user int64
}

func (c chat) query() url.Values {
	if c.group != 0 {
		return url.Values{"group": {strconv.FormatInt(c.group, 10)}}
	}
	return url.Values{"user": {strconv.FormatInt(c.user, 10)}, "peer": {strconv.FormatInt(self, 10)}}
}

// said is a message as it stands in the world.
type said struct {
	Seq      int64     `json:"seq"`
	Sender   int64     `json:"sender"`
	Recalled bool      `json:"recalled"`
	Message  []segment `json:"message"`
	Raw      string    `json:"raw"`
	Reply    *struct {
		Seq    int64 `json:"seq"`
		Sender int64 `json:"sender"`
	} `json:"reply"`
}

type segment struct {
	Type string            `json:"type"`
	Data map[string]string `json:"data"`
}

// text is what the message says, without mentions, quotes and faces.
func (m said) text() string {
	var b strings.Builder
	for _, s := range m.Message {
		if s.Type == "text" {
			b.WriteString(s.Data["text"])
		}
	}
	return b.String()
}

// call sends one request to the control interface and decodes the answer into out.
func (w world) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := w.try(t, method, path, in, out); err != nil {
		t.Fatal(err)
	}
}

func (w world) try(t *testing.T, method, path string, in, out any) error {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.control+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s %s: %s: %s", method, path, body, response.Status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w in %s", method, path, err, answer)
	}
	return nil
}

// say lets a user say something, as a CQ string, and returns its seq in the chat.
func (w world) say(t *testing.T, from int64, in chat, message string) int64 {
	t.Helper()
	body := map[string]any{"from": from, "message": message}
	if in.group != 0 {
		body["group"] = in.group
	} else {
		body["to"] = self
	}
	var answer struct{ Seq int64 }
	w.call(t, http.MethodPost, "/say", body, &answer)
	return answer.Seq
}

// recall lets a user take back what they said.
func (w world) recall(t *testing.T, by int64, in chat, seq int64) {
	t.Helper()
	body := map[string]any{"seq": seq, "by": by}
	if in.group != 0 {
		body["group"] = in.group
	} else {
		body["user"], body["peer"] = in.user, self
	}
	w.call(t, http.MethodPost, "/recall", body, nil)
}

// messages are those of a chat behind a seq. They are waited for, for a while, if there is none.
func (w world) messages(t *testing.T, in chat, after int64, wait time.Duration) []said {
	t.Helper()
	query := in.query()
	query.Set("after", strconv.FormatInt(after, 10))
	query.Set("limit", "10000")
	if wait > 0 {
		query.Set("wait", wait.String())
	}
	var answer struct{ Messages []said }
	w.call(t, http.MethodGet, "/messages?"+query.Encode(), nil, &answer)
	return answer.Messages
}

// await waits until the account has said something behind a seq that starts with a text, and returns it.
func (w world) await(t *testing.T, in chat, after int64, prefix string) said {
	t.Helper()
	var heard []string
	for deadline := time.Now().Add(settle); time.Now().Before(deadline); {
		for _, m := range w.messages(t, in, after, time.Second) {
			if m.Sender == self && strings.HasPrefix(m.text(), prefix) {
				return m
			}
			heard = append(heard, m.text())
			after = max(after, m.Seq)
		}
	}
	t.Fatalf("nobody said %q in %+v; heard %q", prefix, in, heard)
	return said{}
}
