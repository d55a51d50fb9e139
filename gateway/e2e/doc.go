//go:build e2e

// Package e2e tests the whole way with real parts: an embedded QQ, the echogate program as a process, a real NoneBot and a real
// Koishi connected at once. It holds tests only; `task e2e` installs the frameworks and runs them, .ci/run calls the same.
//
// A test plays the users through the sandbox's control interface, and reads from the sandbox's world what the bots said: nothing
// that is asserted here went through a fake. Every process belongs to the test that started it and is gone when that test ends.
//
// The bots (testdata/nonebot/bot.py, testdata/koishi/bot.js) answer a few commands, each with its name and a colon in front:
//
//	ping         quotes the message: "pong"
//	hello        quotes the message: "hello, to_me true|false", what the framework thinks of a mention
//	quote        quotes the message: "you quoted USER: TEXT", read from the message that the user quoted
//	mirror ...   the same message again, segment by segment
//	get ID       "message ID is from USER: TEXT", read with get_msg
//	resolve      "resolved N of M": of M messages that this bot ever received, N are still the same when read with get_msg
//	actions      "actions {...}": a summary of what a set of actions answered; actions_test.go compares it with the world
//
// They tell of a recalled message: "saw recall of ID by USER". What a bot received and sent also stands in its journal.
package e2e
