package actions

import (
	"testing"

	"github.com/goccy/go-json"
)

// answer is an answer taken apart.
type answer struct {
	Status  string          `json:"status"`
	Retcode int             `json:"retcode"`
	Data    json.RawMessage `json:"data"`
	Message string          `json:"message"`
	Msg     string          `json:"msg"`
	Wording string          `json:"wording"`
	Echo    json.RawMessage `json:"echo"`
}

func parseAnswer(t testing.TB, raw []byte) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("answer %q: %v", raw, err)
	}
	return a
}

// ask plays one action and returns its answer.
func ask(t testing.TB, s *Session, action, params string) answer {
	t.Helper()
	return parseAnswer(t, s.Accept([]byte(`{"action":"`+action+`","params":`+params+`}`))(t.Context()))
}

// want compares retcode and msg.
func (a answer) want(t testing.TB, retcode int, msg string) {
	t.Helper()
	if a.Retcode != retcode || a.Msg != msg {
		t.Errorf("answered %d %s (%s), want %d %s", a.Retcode, a.Msg, a.Wording, retcode, msg)
	}
}
