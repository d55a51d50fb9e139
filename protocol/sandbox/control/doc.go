// Package control is the sandbox's control interface: HTTP with JSON on loopback, over which a script plays the users
// of a [sandbox.World], reads what was said, and makes things go wrong.
//
// The sandbox command and the tests of the whole program make a [Control] and run [Control.Serve], which returns when
// its context ends. Calls go through the World's own rules, as if the users had typed. Within a chat a message is named
// by its seq. Private chats number each direction by itself; where a seq fits both, the newest message is meant.
//
// An answer is 200 with a JSON object. An error is 4xx with {"error":"..."} that names the member or parameter; QQ's
// refusals are 403 and carry QQ's result code as "code". Unknown members and parameters are errors, null members count
// as left out. Requests that bear an Origin header, or a Host that is not loopback, are refused with 403: no web page
// can drive the sandbox.
//
//	A=http://127.0.0.1:7001
//
// Say something in a group or to a friend. The message is a CQ string or an array of segments; a reply's id is the
// quoted message's seq. Answer: {"seq":1,"random":1364076727,"time":1700000000}.
//
//	curl $A/say -d '{"from":20001,"group":30001,"message":"[CQ:at,qq=10001] ping"}'
//	curl $A/say -d '{"from":20001,"to":10001,"message":[{"type":"text","data":{"text":"hi"}}]}'
//
// Take a message back, in a group, or as its author in a private chat (peer is the bot and by is user unless given).
// Answer: {}.
//
//	curl $A/recall -d '{"group":30001,"seq":1,"by":20001}'
//	curl $A/recall -d '{"user":20001,"peer":10001,"seq":1,"by":20001}'
//
// Say count messages at one moment, round robin over the groups, each ending in " #<group>/<i>" with i from 1 in each
// group. from defaults to any member but the bot, text to "burst".
// Answer: {"count":1000,"groups":{"30001":{"first_seq":2,"last_seq":501},"30002":{...}}}.
//
//	curl $A/burst -d '{"groups":[30001,30002],"from":20001,"count":1000,"text":"flood"}'
//
// List the messages of a chat, oldest first. from wants those of one author only. after leaves out all up to that seq; in
// a private chat, where seqs of the two directions cannot be compared, all up to the newest message with that seq (from's
// own, if there is one; peer is the bot unless given). limit is 1000 unless given, at most 100000. With wait, at most 5m,
// the call answers as soon as there is a message, or with an empty list when the time is over.
// Answer: {"messages":[{"seq":1,"random":..,"time":..,"sender":20001,"nickname":"Alice","recalled":false,
// "message":[...],"raw":"...","reply":{"seq":..,"sender":..} or null}]}.
//
//	curl "$A/messages?group=30001&after=1&from=10001&limit=10&wait=10s"
//	curl "$A/messages?user=20001&peer=10001"
//
// Read the whole world: the bot's number, accounts with their friends, groups with their members.
//
//	curl $A/world
//
// See who is logged in, and what should never happen: commands that the server does not know, hosts that a client was
// kept from reaching. Answer: {"sessions":[{"user":10001,"online":true,"remote":"127.0.0.1:50000","since":1700000000}],
// "unanswered":[],"refused_egress":[]}.
//
//	curl $A/status
//
// Inject faults; only the members that are given change. drop_connection cuts one account's connections, or with true
// everybody's: when the call is answered they are gone, and /status lists none of them. delay_replies holds every answer
// of the server back, at most 10m, those already held included: "0s" lets them go. refuse_sends is the result code for
// every message that a client sends, 0 ends it; stall leaves connections half open. The answer is the faults now in force
// and how many connections were cut: {"delay_replies":"2s","refuse_sends":120,"stall":false,"dropped":0}.
//
//	curl $A/faults -d '{"drop_connection":10001}'
//	curl $A/faults -d '{"delay_replies":"2s","refuse_sends":120,"stall":false}'
//
// End all of them. Answer: {}.
//
//	curl -X DELETE $A/faults
//
// Force an account offline, as a login elsewhere does, or let its session expire. Answer: {}.
//
//	curl $A/offline -d '{"user":10001,"reason":"logged in elsewhere"}'
//	curl $A/expire -d '{"user":10001}'
package control
