//go:build e2e

package e2e

import "testing"

// TestComplaint shows lines as the frameworks write them when they are not content, so that bot.content is known to find them.
func TestComplaint(t *testing.T) {
	for line, want := range map[string]bool{
		"11-23 15:20:45 [ERROR] nonebot | OneBot V11 | Failed to parse event. Raw: {}":                      true,
		"11-23 15:20:45 [WARNING] nonebot | OneBot V11 | Error when getting message reply info":             true,
		"11-23 15:20:45 [DEBUG] nonebot | OneBot V11 | Event Parser Error":                                  true,
		"pydantic_core._pydantic_core.ValidationError: 1 validation error for GroupMessageEvent":            true,
		"Traceback (most recent call last):":                                                                true,
		"[W] onebot cannot parse message {":                                                                 true,
		"[E] app TypeError: Cannot read properties of null (reading 'message_id')":                          true,
		"    at OneBotMessageEncoder.flush (/x/node_modules/koishi-plugin-adapter-onebot/lib/index.js:9:8)": true,
		"    at /x/bot.js:120:10": true,
		"11-23 15:20:45 [INFO] nonebot | Matcher(type='message', module=__main__, lineno=189) running complete": false,
		"11-23 15:20:45 [DEBUG] nonebot | OneBot V11 | Calling API send_msg":                                    false,
		"[D] onebot [receive] { post_type: 'message', raw_message: 'at noon' }":                                 false,
		"[I] server server listening at http://127.0.0.1:5140":                                                  false,
	} {
		if got := complaint.MatchString(line); got != want {
			t.Errorf("complaint %t, want %t: %s", got, want, line)
		}
	}
	for line, want := range map[string]bool{
		"2026-11-23 15:19:46 ERR history: set aside":          true,
		"panic: runtime error: index out of range":            true,
		"WARNING: DATA RACE":                                  true,
		"2026-11-23 15:19:46 WRN endpoint not connected":      false,
		"2026-11-23 15:19:46 DBG action took=1 text=ERR here": false,
	} {
		if got := alarm.MatchString(line); got != want {
			t.Errorf("alarm %t, want %t: %s", got, want, line)
		}
	}
}
