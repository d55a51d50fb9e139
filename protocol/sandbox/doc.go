// Package sandbox is an embedded QQ: enough of the service for an unmodified QQ client library to log in to, talk in
// and be talked to, without an account, a secret or a packet that leaves the machine. Bots are developed against it,
// the demo plays in it, and the tests of the whole program run on it.
//
// It has two halves. [World] is the state: accounts, friendships, groups with their members and ranks, every message
// ever said, and a change log. It does no I/O, starts no goroutine, and decides as QQ would: who may speak where, who
// may take back what. Seqs, randoms and order depend only on the calls made; the clock can be given with [WithClock].
// Server is the body: it speaks QQ's wire, asks the World, and turns the World's changes into pushes.
//
// A World is read from YAML with [Load]; default.yml in this folder is both the built-in world and the documentation
// of the format. Main and tests make the World, hand it to the Server, and to package protocol/sandbox/control, whose
// HTTP interface lets a script play the users. Nobody has to stop a World; it is garbage when it is forgotten. All its
// methods are safe for concurrent use, and what they return is a copy, or is never changed again and must not be
// changed by the caller either (message bodies).
package sandbox
