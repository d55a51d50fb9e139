package actions

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-json"
)

//go:embed conventions.md
var conventions string

// Document writes API.md: what all actions have in common, and each action with its parameters, result and example.
func (r *Registry) Document(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(conventions)
	b.WriteString("\n## Actions\n\n")
	for _, e := range r.order {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", e.name, e.name, e.doc)
	}
	for _, e := range r.order {
		if err := e.document(&b); err != nil {
			return fmt.Errorf("document %s: %w", e.name, err)
		}
	}
	_, err := b.WriteTo(w)
	return err
}

func (e *entry) document(b *bytes.Buffer) error {
	fmt.Fprintf(b, "\n## %s\n\n%s", e.name, e.doc)
	if e.notes != "" {
		b.WriteString(" " + e.notes)
	}
	b.WriteString("\n\n")
	switch {
	case e.reads:
		b.WriteString("Read-only: changes nothing.\n\n")
	case e.changes():
		b.WriteString("Changes a chat: runs after the earlier actions on the same chat.\n\n")
	default:
		b.WriteString("Changes something, but no chat: runs at once.\n\n")
	}
	if e.needs.name != "" {
		fmt.Fprintf(b, "Needs a QQ client that is a `%s`; answers 1404 UNSUPPORTED with another.\n\n", e.needs.name)
	}
	if len(e.params) == 0 {
		b.WriteString("No parameters.\n\n")
	} else {
		b.WriteString("| parameter | type | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, p := range e.params {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", p.names(), p.kind, p.absent(), cell(p.doc))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "Data: %s.\n\n", e.resultType)
	if len(e.result) > 0 {
		b.WriteString("| field | type | meaning |\n| --- | --- | --- |\n")
		for _, f := range e.result {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.name, f.kind, cell(f.doc))
		}
		b.WriteString("\n")
	}
	params, err := indented(e.example.params)
	if err != nil {
		return err
	}
	data, err := indented(e.example.data)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "Example `params` and the `data` they gave:\n\n```json\n%s\n```\n\n```json\n%s\n```\n", params, data)
	return nil
}

// names are the parameter's name and its aliases.
func (p *param) names() string {
	names := append([]string{p.name}, p.aliases...)
	return "`" + strings.Join(names, "` or `") + "`"
}

// absent says what happens without the parameter.
func (p *param) absent() string {
	switch {
	case p.required:
		return "required"
	case p.fallback == "" || p.fallback == `""`:
		return "none"
	default:
		return "`" + p.fallback + "`"
	}
}

// cell keeps text within one cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func indented(raw string) (string, error) {
	var b bytes.Buffer
	err := json.Indent(&b, []byte(raw), "", "  ")
	return b.String(), err
}
