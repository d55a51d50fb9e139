package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"echogate/actions"
	"echogate/gateway"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExampleIsTheDefaults proves that config.yml.example has every key, and the default of each.
func TestExampleIsTheDefaults(t *testing.T) {
	got, err := loadConfig("config.yml.example", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := defaultConfig()
	want.Endpoints = []EndpointConfig{defaultEndpoint()}
	want.path = "config.yml.example"
	want.Endpoints[0].Name, want.Endpoints[0].URL = "nonebot", "ws://127.0.0.1:8080/onebot/v11/ws"
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) { // empty lists are as good as none
		t.Errorf("example\n got %+v\nwant %+v", got, want)
	}
	text, err := os.ReadFile("config.yml.example")
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	requireKeys(t, "", written, reflect.TypeFor[Config]())
}

func requireKeys(t *testing.T, path string, written map[string]any, structure reflect.Type) {
	t.Helper()
	for field := range structure.Fields() {
		key := field.Tag.Get("mapstructure")
		if field.Anonymous {
			requireKeys(t, path, written, field.Type)
			continue
		}
		if !field.IsExported() {
			continue
		}
		value, ok := written[key]
		if key == "" || !ok {
			t.Errorf("config.yml.example lacks %s%s", path, key)
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			requireKeys(t, path+key+".", value.(map[string]any), field.Type)
		}
		if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
			requireKeys(t, path+key+"[0].", value.([]any)[0].(map[string]any), field.Type.Elem())
		}
	}
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	const endpoint = "endpoints: [{name: a, url: 'ws://127.0.0.1:1/'"
	for text, want := range map[string]string{
		"colour: red":                                     "colour",
		"log: {levell: info}":                             "levell",
		"log: 5":                                          "log",
		"log: {level: loud}":                              `log.level`,
		"log: {format: xml}":                              `log.format`,
		"data: ''":                                        "data",
		"data: [x]":                                       "data",
		"message: {report_self: 'maybe'}":                 "report_self",
		endpoint + ", urll: x}]":                          "urll",
		endpoint + ", heartbeat: fast}]":                  "heartbeat",
		endpoint + ", heartbeat: 5}]":                     "heartbeat",
		endpoint + ", read_limit: '1'}]":                  "read_limit",
		endpoint + ", tls: {cq: x}}]":                     "cq",
		endpoint + ", queue: 7}]":                         "queue",
		endpoint + ", actions: {deadline: 5}}]":           "endpoints[a].actions.deadline",
		endpoint + ", actions: {policy: {preset: all}}}]": "endpoints[a].actions.policy.preset",
		endpoint + ", actions: {policy: {actions: {deny: [fly]}}}}]": "fly",
		endpoint + "}, {name: a, url: 'ws://127.0.0.1:2/'}]":         "name",
		"endpoints: [{url: 'ws://127.0.0.1:1/'}]":                    "name",
		"endpoints: [{name: a, url: 'http://127.0.0.1'}]":            "endpoints[a].url",
		"endpoints: 5":            "endpoints",
		"log: {level: info":       "yml",
		"URL: x\nEndpoints: [{}]": "lower case",
	} {
		if _, err := loadConfig(writeConfig(t, text), true, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}

func TestConfigFromEnvironment(t *testing.T) {
	path := writeConfig(t, "endpoints: [{name: a, url: 'ws://127.0.0.1:1/'}]\nlog: {level: warn}")
	c, err := loadConfig(path, true, []string{
		"HOME=/", "ECHOGATE_DATA=123", "ECHOGATE_LOG_LEVEL=debug", "ECHOGATE_MESSAGE_REPORT_SELF=true", "ECHOGATE_ENDPOINTS_0_ACCESS_TOKEN=42",
		"ECHOGATE_ENDPOINTS_0_HEARTBEAT=7s", "ECHOGATE_ENDPOINTS_0_ACTIONS_POLICY_PRESET=read_only", "ECHOGATE_ENDPOINTS_0_QUEUE_EVENTS=9", "ECHOGATE_ENDPOINTS_0_HEADERS={X-A: b}",
	})
	if err != nil {
		t.Fatal(err)
	}
	e := c.Endpoints[0]
	if c.Data != "123" || c.Log.Level != "debug" || !c.Message.ReportSelf || e.AccessToken != "42" || e.Heartbeat != 7*time.Second ||
		e.Queue.Events != 9 || e.Actions.Policy.Preset != actions.ReadOnly || e.Headers["X-A"] != "b" || e.URL != "ws://127.0.0.1:1/" || e.Queue.Bytes != gateway.DefaultConfig().Queue.Bytes {
		t.Errorf("configuration %+v", c)
	}

	list := "ECHOGATE_ENDPOINTS=[{name: b, url: 'ws://127.0.0.1:3/'}, {name: c, url: 'ws://127.0.0.1:4/'}]"
	c, err = loadConfig(filepath.Join(t.TempDir(), "none.yml"), false, []string{list, "ECHOGATE_ENDPOINTS_1_FORMAT=string"})
	if err != nil || len(c.Endpoints) != 2 || c.Endpoints[0].Format != "array" || c.Endpoints[1].Format != "string" {
		t.Errorf("endpoints from the environment: %+v, %v", c.Endpoints, err)
	}
}

func TestEnvironmentErrorsNameTheVariable(t *testing.T) {
	path := writeConfig(t, "endpoints: [{name: a, url: 'ws://127.0.0.1:1/'}]")
	for _, variable := range []string{
		"ECHOGATE_LOGLEVEL=x", "ECHOGATE_ENDPOINTS_2_URL=ws://x/", "ECHOGATE_ENDPOINTS_0_QUEUE_EVENTS=[", "ECHOGATE_ENDPOINTS_0_COLOUR=red",
	} {
		name, _, _ := strings.Cut(variable, "=")
		if _, err := loadConfig(path, true, []string{variable}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", variable, err)
		}
	}
	if _, err := loadConfig(path, true, []string{"ECHOGATE_ENDPOINTS_0_QUEUE_EVENTS=many"}); err == nil || !strings.Contains(err.Error(), "queue.events") {
		t.Errorf("error %v does not name the key", err)
	}
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.yml"), true, nil); err == nil || !strings.Contains(err.Error(), "none.yml") {
		t.Errorf("error %v does not name the missing file", err)
	}
}
