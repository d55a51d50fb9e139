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
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
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

// line is something that a user said, and what the account had said in that chat before.
type line struct {
	in        chat
	from, seq int64
	mark      int64 // seq of the account's last message; in a private chat each side counts its own
}

// say lets a user say something, a CQ string or segments.
func (w world) say(t *testing.T, from int64, in chat, message any) line {
	t.Helper()
	l := line{in: in, from: from}
	for _, m := range w.messages(t, in, 0, 0) {
		l.mark = m.Seq
	}
	body := map[string]any{"from": from, "message": message}
	if in.group != 0 {
		body["group"] = in.group
	} else {
		body["to"] = self
	}
	var answer struct{ Seq int64 }
	w.call(t, http.MethodPost, "/say", body, &answer)
	l.seq = answer.Seq
	return l
}

// recall lets a user take back what they said.
func (w world) recall(t *testing.T, l line) {
	t.Helper()
	body := map[string]any{"seq": l.seq, "by": l.from}
	if l.in.group != 0 {
		body["group"] = l.in.group
	} else {
		body["user"], body["peer"] = l.from, self
	}
	w.call(t, http.MethodPost, "/recall", body, nil)
}

// messages are what the account said in a chat behind a seq. If there is nothing, it is waited for.
func (w world) messages(t *testing.T, in chat, after int64, wait time.Duration) []said {
	t.Helper()
	query := in.query()
	query.Set("from", strconv.FormatInt(self, 10))
	query.Set("after", strconv.FormatInt(after, 10))
	query.Set("limit", "10000")
	if wait > 0 {
		query.Set("wait", wait.String())
	}
	return w.list(t, query)
}

func (w world) list(t *testing.T, query url.Values) []said {
	t.Helper()
	var answer struct{ Messages []said }
	w.call(t, http.MethodGet, "/messages?"+query.Encode(), nil, &answer)
	return answer.Messages
}

// await waits until the account has said something, after the user's line, that starts with a text.
func (w world) await(t *testing.T, l line, prefix string) said {
	t.Helper()
	var heard []string
	after := l.mark
	for deadline := time.Now().Add(settle); time.Now().Before(deadline); {
		for _, m := range w.messages(t, l.in, after, time.Second) {
			if strings.HasPrefix(m.text(), prefix) {
				return m
			}
			heard = append(heard, m.text())
			after = m.Seq
		}
	}
	t.Fatalf("nobody said %q in %+v; heard %q", prefix, l.in, heard)
	return said{}
}
