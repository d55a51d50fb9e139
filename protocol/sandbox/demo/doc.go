// Package demo is the first thing that a newcomer runs: a short conversation in the sandbox between its users and a
// small OneBot bot, with the daemon in between as it is in earnest.
//
// The caller (main's demo command) brings the daemon; [Run] brings the bot, plays the users, prints what is said and
// every frame as it passes, and judges by the world alone: a reply counts when it stands in the chat, not when somebody
// claimed to have sent it.
package demo
