// Package protocol is the domain model between a QQ client library and everything that speaks OneBot: accounts, chats,
// messages, events, and the small interfaces that a driver implements.
//
// A driver (protocol/mirai today) translates its library into these types and nothing of the library leaks out. A
// driver must implement [Driver]; abilities that not every driver has are interfaces of their own ([Historian]), asked
// for with a type assertion and answered with [ErrUnsupported] where they are missing. Every driver passes the suite in
// protocol/protocoltest.
//
// Values of this package are plain data. A value that a driver handed out is never changed by it afterwards.
package protocol
