// Package mirai is the driver over github.com/Mrs4s/MiraiGo: the only package that knows this client. It adapts an
// unmodified MiraiGo client to [protocol.Driver] and [protocol.Historian].
//
// main makes a [Driver] with [New], runs it with Run and stops it by ending Run's context. Run owns every goroutine of
// the driver. MiraiGo itself cannot be stopped altogether: calls that are on their way end within 30 seconds, and each
// client object keeps three tickers and a sleeping heartbeat for as long as the process lives. Run therefore uses
// one client object for all logins.
//
// # What it promises
//
// Nothing of MiraiGo is handed out, and its lists are never read: it changes them without locks. The driver keeps its own
// snapshots, decoded from the server's answers. Where MiraiGo throws an answer away (sending, recalling, member cards)
// the packet is sent with its SendSsoPacket and the answer read here.
//
// Messages of a group come out in the order of their seq, messages of a friend in the order of (time, seq); see the
// sequencer for how long a gap is held. What is missing from a group is asked of its history once. A message that comes
// twice is dropped. Own private messages are not echoed by QQ to the device that sent them; the driver reports them
// itself, once.
//
// A text of a single blank after an at is not reported: MiraiGo, like every QQ client, adds one to each at it sends, and
// the other side would see a segment that nobody wrote.
//
// # Process-wide state
//
// MiraiGo keeps its HTTP client in package variables and uses http.DefaultClient beside it, from within its constructor.
// While Run runs, both have a transport of ours with timeouts, so a process can run one Driver at a time; a second Run
// fails. With address.txt naming only loopback addresses, that transport is a guard that lets nothing leave the machine.
//
// # Limits
//
// MiraiGo parses incoming frames and loads group lists in goroutines without a recover: a malformed frame from the server
// ends the process. Messages that friends sent while the account was offline are taken off the server and dropped by
// MiraiGo's first synchronization after a login. What groups said meanwhile is counted in the log, not fetched. A session
// that expires while a login goes on costs up to half a minute: MiraiGo cannot be told to stop waiting. Messages of
// temporary sessions are neither sent nor received. Lists are read at each login and, after a push that something changed,
// when they are next asked for; a sender's role is that of the last reading.
package mirai
