// Package gateway keeps the reverse WebSocket links: it dials out to every endpoint of the configuration, pushes events
// to it and carries the action frames that come back to a Handler and the answers back to the link that asked. It knows
// roles, headers, queues and time; of OneBot's JSON it knows nothing.
//
// main builds a Gateway with New, which touches nothing outside, and calls Run, which owns every goroutine and returns
// after the last of them has ended. The end of Run's context stops it. Publish and Apply may be called at any time, before
// Run too.
//
// # What is promised
//
//   - Endpoints do not touch each other. Each has its own outbox, connections, timers and counters; Publish only appends
//     to the outboxes and never waits.
//   - Events leave in the order of Publish. An event whose write failed stays first and goes out on the next connection.
//     Heartbeats and the lifecycle event belong to one connection and are never repeated.
//   - The lifecycle event is the first frame of every universal and event connection. Events follow as soon as the far
//     side has shown that it speaks (a pong or a frame): a framework which accepts and closes at once swallows none.
//   - One endpoint address never has two live connections: the old TCP connection is closed before the next dial, also when
//     Apply moves addresses between endpoints.
//   - Apply changes the set of endpoints while everything runs. Those which stay the same notice nothing, those which are
//     changed keep their queue.
//   - An answer goes out only on the connection that asked; when that is gone the answer is dropped and counted.
//   - A link that went silent is noticed by pings (ping_interval + pong_timeout) or by a write that does not move
//     (write_timeout), and is dialled again: fast at first, then with growing pauses.
//   - Access tokens, header values, and the users, passwords and queries of addresses and proxies appear in no log line,
//     error or status, even if the far side repeats them.
//
// # What is not promised
//
// A successful write is not a receipt: events that the operating system had accepted when a link broke may be lost. The
// outbox lives in memory and does not survive the process. It is bounded in bytes, events and age; what is beyond a bound is
// dropped, counted and told once until the outbox is empty again.
//
// # Calls and dying links
//
// When a link dies, the context of its calls ends. A call which still waits for its turn must then not begin; a call
// which has begun something that changes the world should finish it (see Call). A new link does not wait for old calls;
// Run does. On shutdown, calls first get some seconds to finish and to be answered before their contexts end.
package gateway
