package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goPackage is what the tests below read of `go list -json`.
type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestImportsGoDown holds the design's arrows: who may import which of our packages, and who may know MiraiGo.
func TestImportsGoDown(t *testing.T) {
	const (
		mirai   = "github.com/Mrs4s/MiraiGo/"
		message = "echogate/protocol/message"
		domain  = "echogate/protocol"
		world   = "echogate/protocol/sandbox"
		sso     = "echogate/protocol/sandbox/sso"
	)
	allowed := map[string][]string{
		"echogate":                                nil, // wires everything
		"echogate/gateway":                        {},
		"echogate/gateway/settings":               {},
		"echogate/gateway/sight":                  {"echogate/gateway"},
		"echogate/actions":                        {domain, message},
		"echogate/events":                         {domain, message},
		"echogate/protocol":                       {message},
		"echogate/protocol/message":               {},
		"echogate/protocol/history":               {domain, message},
		"echogate/protocol/mirai":                 {domain, message, mirai},
		"echogate/protocol/protocoltest":          {domain, message},
		"echogate/protocol/protocoltest/racelist": {},
		"echogate/protocol/sandbox":               {domain, message, sso, mirai},
		"echogate/protocol/sandbox/sso":           {mirai},
		"echogate/protocol/sandbox/control":       {domain, message, world},
		"echogate/protocol/sandbox/host":          {domain, world, "echogate/protocol/sandbox/control"},
		"echogate/protocol/sandbox/demo":          {domain, message, world},
	}
	for _, p := range listPackages(t) {
		allow, known := allowed[p.ImportPath]
		if !known {
			t.Errorf("package %s is not in the design", p.ImportPath)
			continue
		}
		if allow == nil {
			continue
		}
		for _, i := range p.Imports {
			ours := strings.HasPrefix(i, "echogate")
			theirs := strings.HasPrefix(i, mirai)
			if (ours && !slices.Contains(allow, i)) || (theirs && !slices.Contains(allow, mirai)) {
				t.Errorf("%s must not import %s", p.ImportPath, i)
			}
			if theirs && p.ImportPath != "echogate/protocol/mirai" && slices.Contains([]string{mirai + "client", mirai + "message", mirai + "wrapper"}, i) {
				t.Errorf("%s imports %s: only the driver knows the client", p.ImportPath, i)
			}
		}
	}
}

// TestSourceShape holds the budgets that a linter does not: package docs, file length, no init, names that say nothing.
func TestSourceShape(t *testing.T) {
	const maxLines = 500
	for _, p := range listPackages(t) {
		if p.Doc == "" {
			t.Errorf("package %s has no doc", p.ImportPath)
		}
		if slices.Contains([]string{"util", "utils", "common", "global", "helper", "helpers"}, filepath.Base(p.ImportPath)) {
			t.Errorf("package name %s says nothing", p.ImportPath)
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(source, []byte("\n")); n > maxLines {
				t.Errorf("%s has %d lines, more than %d", file, n, maxLines)
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s has an init function", file)
				}
			}
		}
	}
}

// TestTopLevel keeps the tree as it was asked for; tests of main and dotfiles may join.
func TestTopLevel(t *testing.T) {
	allowed := []string{
		"LICENSE", "README.md", "Taskfile.yml", "actions", "config.yml.example", "events", "gateway", "go.mod", "go.sum", "main.go", "protocol",
	}
	out, err := exec.CommandContext(t.Context(), "git", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(line), "/")
		if !strings.HasPrefix(top, ".") && !strings.HasSuffix(top, "_test.go") && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top level", top)
		}
	}
}
