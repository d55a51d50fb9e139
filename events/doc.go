// Package events turns what happens on QQ into OneBot 11 events, with go-cqhttp's extensions.
//
// [Pipeline] is the way of an event: it reads the driver, has protocol/history give every message its message_id, encodes
// each event once per format and publishes it. It is one goroutine, so what the driver ordered stays ordered; it takes
// what is waiting in one batch, so that a burst shares its commits. main runs it and stops it by ending the driver: the
// driver closes its channel, the pipeline handles what is left in it and returns. While the history's database can be
// written, nothing is published that is not stored.
//
// [Message], [Recall], [Lifecycle], [Heartbeat] and [StatusOf] are pure: the same values give the same bytes, with the
// keys in a fixed order. package actions answers get_group_msg_history and get_status with what they make.
//
// All events are JSON objects in valid UTF-8; none has a key "echo", by which frameworks tell answers from events. Ids
// are numbers.
package events
