// Package actions executes the action frames that bot frameworks send: it reads {action, params, echo}, finds the
// action in a table of typed declarations, decodes its parameters, waits for its turn, runs it against the driver and
// the message history, and makes exactly one answer.
//
// main makes one [Registry] and one [Session] per endpoint; a gateway link hands each frame to [Session.Accept] and runs
// the [Call] it gets. The package starts no goroutine and has nothing to stop: work ends with the context of its Call.
//
// It promises:
//
//   - One answer for every frame, whatever the frame holds, with the frame's echo byte for byte. A handler that panics
//     becomes a failed answer (1500 INTERNAL) and a log line.
//   - No "ok" for something that did not happen: what the driver could not do is a failed answer.
//   - Actions that change one chat run one at a time in the order in which their frames were accepted, over all
//     endpoints together; everything else runs in parallel.
//   - Nothing reaches the driver that the endpoint's [Policy] forbids, and no more in a second than its [RateLimit] lets
//     pass, in the order of arrival. Waiting for the limit holds up nobody but limited actions of the same endpoint.
//   - An answer within the endpoint's deadline ([DefaultDeadline]) of its frame, as long as the driver keeps its promise to honour contexts. An action that
//     could not begin in that time never begins.
//   - A table that cannot be right (a double name, an impossible default, a missing description) is an error of [New].
//
// API.md is written from the same table; a test fails when it is stale, and plays every example in it.
package actions

//go:generate go test -run TestDocument . -update
