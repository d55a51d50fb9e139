package actions

import (
	"context"
	"fmt"
	"slices"
)

type possible struct {
	Yes bool `json:"yes" doc:"whether it is possible"`
}

// cannot declares a can_send_ action for a kind of message that drivers refuse.
func cannot(name, kind string) declaration {
	return action[nothing, possible]{
		name:  name,
		doc:   "Tells whether " + kind + " can be sent.",
		notes: "They cannot yet, so the answer is no. A message that holds one is refused as a whole.",
		reads: true,
		run: func(context.Context, *caller, *nothing) (possible, error) {
			return possible{Yes: false}, nil
		},
		example: example{params: `{}`, data: `{"yes":false}`},
	}
}

func canSendImage() declaration { return cannot("can_send_image", "images") }

func canSendRecord() declaration { return cannot("can_send_record", "voice messages") }

func getStatus() declaration {
	return action[nothing, any]{
		name:  "get_status",
		doc:   "Returns how the program and its connection to QQ are, as heartbeats do.",
		notes: "Everything is counted since the start of the program.",
		reads: true,
		run: func(_ context.Context, c *caller, _ *nothing) (any, error) {
			return c.Events.Status(c.Driver.Status()), nil
		},
		result: []field{
			{"app_initialized", "boolean", "always true"},
			{"app_enabled", "boolean", "always true"},
			{"plugins_good", "boolean", "always true"},
			{"app_good", "boolean", "always true"},
			{"online", "boolean", "whether the account is online"},
			{"good", "boolean", "the same as online"},
			{"stat", "object", "statistics"},
			{"stat.packet_received", "uint64", "packets from QQ"},
			{"stat.packet_sent", "uint64", "packets to QQ"},
			{"stat.packet_lost", "uint64", "packets without an answer"},
			{"stat.message_received", "uint64", "messages received"},
			{"stat.message_sent", "uint64", "messages sent"},
			{"stat.disconnect_times", "uint64", "lost TCP connections"},
			{"stat.lost_times", "uint64", "logins that QQ ended"},
			{"stat.last_message_time", "int64", "Unix seconds of the last message, 0 if there was none"},
		},
		example: example{
			params: `{}`,
			data: `{"app_initialized":true,"app_enabled":true,"plugins_good":true,"app_good":true,"online":true,"good":true,` +
				`"stat":{"packet_received":12,"packet_sent":10,"packet_lost":0,"message_received":3,"message_sent":2,` +
				`"disconnect_times":0,"lost_times":0,"last_message_time":1700000000}}`,
		},
	}
}

// versionInfo keeps the values by which frameworks recognise a program that behaves as go-cqhttp does.
type versionInfo struct {
	AppName            string `json:"app_name" doc:"always go-cqhttp: frameworks switch on it"`
	AppVersion         string `json:"app_version" doc:"echogate and its version"`
	AppFullName        string `json:"app_full_name" doc:"echogate, its version and platform"`
	ProtocolVersion    string `json:"protocol_version" doc:"OneBot version, always v11"`
	CoolQEdition       string `json:"coolq_edition" doc:"always pro"`
	CoolQDirectory     string `json:"coolq_directory" doc:"the data folder"`
	GoCQHTTP           bool   `json:"go-cqhttp" doc:"always true"`
	GoCQHTTPAlias      bool   `json:"go_cqhttp" doc:"always true: go-cqhttp's later name for the same"`
	PluginVersion      string `json:"plugin_version" doc:"always 4.15.0"`
	PluginBuildNumber  int    `json:"plugin_build_number" doc:"always 99"`
	BuildConfiguration string `json:"plugin_build_configuration" doc:"always release"`
	RuntimeVersion     string `json:"runtime_version" doc:"version of Go"`
	RuntimeOS          string `json:"runtime_os" doc:"operating system"`
	Version            string `json:"version" doc:"the same as app_version"`
	Protocol           int    `json:"protocol" doc:"the QQ client that is played: 0 iPad, 1 phone, 2 watch, 3 Mac, 4 Qidian, -1 another"`
	ProtocolName       int    `json:"protocol_name" doc:"the same in go-cqhttp's later numbers: 1 phone, 2 watch, 3 Mac, 4 Qidian, 5 iPad, 6 pad"`
}

func getVersionInfo() declaration {
	return action[nothing, versionInfo]{
		name:  "get_version_info",
		doc:   "Returns which program this is.",
		reads: true,
		run: func(_ context.Context, c *caller, _ *nothing) (versionInfo, error) {
			v, client := c.Version, c.Driver.Traits().Protocol
			return versionInfo{
				AppName:            "go-cqhttp",
				AppVersion:         "echogate " + v.App,
				AppFullName:        fmt.Sprintf("echogate-%s_%s_%s-%s", v.App, v.OS, v.Arch, v.Go),
				ProtocolVersion:    "v11",
				CoolQEdition:       "pro",
				CoolQDirectory:     v.Directory,
				GoCQHTTP:           true,
				GoCQHTTPAlias:      true,
				PluginVersion:      "4.15.0",
				PluginBuildNumber:  99,
				BuildConfiguration: "release",
				RuntimeVersion:     v.Go,
				RuntimeOS:          v.OS,
				Version:            "echogate " + v.App,
				Protocol:           documentedClient(client),
				ProtocolName:       client,
			}, nil
		},
		example: example{
			params: `{}`,
			data: `{"app_name":"go-cqhttp","app_version":"echogate v0.1.0","app_full_name":"echogate-v0.1.0_linux_amd64-go1.26",` +
				`"protocol_version":"v11","coolq_edition":"pro","coolq_directory":"data","go-cqhttp":true,"go_cqhttp":true,` +
				`"plugin_version":"4.15.0","plugin_build_number":99,"plugin_build_configuration":"release","runtime_version":"go1.26",` +
				`"runtime_os":"linux","version":"echogate v0.1.0","protocol":-1,"protocol_name":6}`,
		},
	}
}

// documentedClient turns go-cqhttp's last numbers of QQ clients into those of its documentation of 2021, in which the
// iPad was 0 and whatever came later was -1.
func documentedClient(client int) int {
	switch client {
	case 1, 2, 3, 4:
		return client
	case 5:
		return 0
	default:
		return -1
	}
}

func getSupportedActions() declaration {
	return action[nothing, []string]{
		name:  "get_supported_actions",
		doc:   "Returns the names of all actions that the endpoint's policy permits, sorted.",
		reads: true,
		run: func(_ context.Context, c *caller, _ *nothing) ([]string, error) {
			return slices.DeleteFunc(c.registry.Names(), func(name string) bool { return c.permit.action(name) != nil }), nil
		},
		example: example{
			params: `{}`,
			data: `["can_send_image","can_send_record","delete_msg","get_friend_list","get_group_info","get_group_list","get_group_member_info",` +
				`"get_group_member_list","get_group_msg_history","get_login_info","get_msg","get_status","get_stranger_info",` +
				`"get_supported_actions","get_version_info","send_group_msg","send_msg","send_private_msg"]`,
		},
	}
}
