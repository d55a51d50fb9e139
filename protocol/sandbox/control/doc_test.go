package control_test

import (
	"os"
	"regexp"
	"testing"
)

// TestDocumentedCalls makes every call of the package documentation, in its order, as it is written there.
func TestDocumentedCalls(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	curl := regexp.MustCompile(`(?m)^//\tcurl (?:-X (\w+) )?"?\$A([^ "\n]+)"?(?: -d '(.*)')?$`)
	calls := curl.FindAllStringSubmatch(string(doc), -1)
	if lines := regexp.MustCompile(`(?m)^//\tcurl`).FindAll(doc, -1); len(lines) != len(calls) {
		t.Fatalf("%d of %d examples are understood", len(calls), len(lines))
	}
	s := newStage(t)
	shown := make(map[string]bool)
	for _, call := range calls {
		method, target, body := call[1], call[2], call[3]
		switch {
		case method != "":
		case body != "":
			method = "POST"
		default:
			method = "GET"
			target = regexp.MustCompile(`&wait=\w+`).ReplaceAllString(target, "")
		}
		s.must(t, method, target, body, "")
		shown[method+" "+regexp.MustCompile(`\?.*`).ReplaceAllString(target, "")] = true
	}
	equal(t, len(shown), 10) // all there are
}
