// Package message is the content of a chat message: a list of typed segments, and the two forms in which OneBot 11
// writes it down, CQ strings and arrays of {"type", "data"} objects.
//
// Drivers turn what QQ sends into segments and segments into what QQ accepts; events and actions encode and decode
// them for bots; history keeps their array form. The package is pure: no I/O, no state, safe for concurrent use.
//
// A kind that is not modelled is kept as [Unknown] with every key and value in order, so that nothing is lost on the way
// through and whoever has to send it can refuse it by name. A modelled kind with impossible data, such as an at without
// a number, is a [*SegmentError] that names the member.
package message
