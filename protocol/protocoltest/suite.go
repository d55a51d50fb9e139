// Package protocoltest is the suite that every driver passes. A driver's test gives it a [Harness], which plays QQ's
// side, and calls [Run]:
//
//	func TestDriver(t *testing.T) { protocoltest.Run(t, newHarness) }
//
// The suite runs one driver at a time and ends each one that it started. Nothing outside tests calls it.
package protocoltest

import (
	"testing"

	"echogate/protocol"
	"echogate/protocol/message"
)

// Harness is the far side: a QQ with one account for the driver, and everybody else's hands. Its operations fail the
// test themselves when they cannot be done.
type Harness interface {
	// Driver makes a driver for the account with the harness's stored credentials; it does not run yet. It is called again
	// only after the one before has ended. Its pauses between logins must be short. Where alert is set it must notice a
	// silent connection within seconds; otherwise it must bear with a slow machine.
	Driver(t *testing.T, alert bool) protocol.Driver
	// Scene tells who is there.
	Scene() Scene

	SayGroup(t *testing.T, from protocol.UserID, g protocol.GroupID, body message.Message) protocol.Ref
	// SayPrivate says body to the account.
	SayPrivate(t *testing.T, from protocol.UserID, body message.Message) protocol.Ref
	// Recall takes back what by, or with rank somebody else, said.
	Recall(t *testing.T, by protocol.UserID, r protocol.Ref)
	// Burst says count messages at once, round robin over the groups.
	Burst(t *testing.T, groups []protocol.GroupID, count int)
	// Messages is what was said in the account's chat and not taken back, in order.
	Messages(chat protocol.Chat) []protocol.Message

	// RefuseSends makes QQ refuse every message with the code; 0 ends that.
	RefuseSends(code int)
	// Drop breaks the connection without a word.
	Drop()
	// Kick ends the session as another device's login does.
	Kick(t *testing.T, words string)
	// Expire makes the session's keys invalid, but not the credentials.
	Expire(t *testing.T)
	// Stall makes QQ fall silent on connections that stay open, or speak again.
	Stall(on bool)
	// Sessions is how many logins of the account are online.
	Sessions() int
	// Complaints are what the far side did not understand.
	Complaints() []string
}

// Scene is the cast. The account is a plain member of Open, where everybody may speak, an admin of Led, and may not
// speak in Shut. Led's Plain is a plain member there. Friend and Plain are members of Open, too.
type Scene struct {
	Self            protocol.Account
	Friends         []protocol.Friend
	Groups          []protocol.GroupInfo
	Members         map[protocol.GroupID][]protocol.Member
	Open, Led, Shut protocol.GroupID
	Friend, Plain   protocol.UserID
	Stranger        protocol.User // no friend
	NoGroup         protocol.GroupID
	NoUser          protocol.UserID
	Superior        protocol.UserID // a member of Open whose messages the account may not recall
}

// Run runs the suite.
func Run(t *testing.T, open func(*testing.T) Harness) {
	t.Run("before", func(t *testing.T) { beforeLogin(t, open(t)) })
	t.Run("session", func(t *testing.T) {
		h := open(t)
		s := start(t, h, false)
		for _, part := range []struct {
			name string
			test func(*testing.T, *session)
		}{
			{"login", login},
			{"lists", lists},
			{"cards", cards},
			{"missing", missing},
			{"receive", receive},
			{"send", send},
			{"own messages", ownMessages},
			{"refusals", refusals},
			{"recall", recall},
			{"history", history},
			{"order", order},
			{"contexts", contexts},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(t, s) })
		}
		s.stop(t)
		t.Run("after", func(t *testing.T) { afterEnd(t, s) })
		if c := h.Complaints(); len(c) > 0 {
			t.Errorf("the far side did not understand %q", c)
		}
	})
	t.Run("loss", func(t *testing.T) { loss(t, open(t)) })
	t.Run("burst during login", func(t *testing.T) { burstDuringLogin(t, open(t)) })
}
