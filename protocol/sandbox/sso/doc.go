// Package sso is the codec of QQ's Android wire: the SSO frames that carry every command, the TEA cipher and the oicq
// wrapper within them, TLVs and login tickets, JCE envelopes and OIDB packages.
//
// It is pure: it owns no socket, keeps no state and starts nothing. Package protocol/sandbox uses it to play QQ's
// servers; its tests use the client's side, which exists for every format that the server's side has. Whatever bytes a
// decoder is given, it returns an error and does not panic, and what it returns does not share memory with its input
// unless it says so.
//
// The formats are those that MiraiGo speaks; each type names the file there that it was checked against.
package sso
