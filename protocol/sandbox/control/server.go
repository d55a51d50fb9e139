package control

import (
	"net/http"
	"time"

	"echogate/protocol"
	"echogate/protocol/sandbox"
)

const maxDelay = 10 * time.Minute

type session struct {
	User   protocol.UserID `json:"user"`
	Online bool            `json:"online"`
	Remote string          `json:"remote"`
	Since  int64           `json:"since"` // Unix seconds
}

func (c *Control) status(*http.Request) (any, error) {
	answer := struct {
		Sessions      []session `json:"sessions"`
		Unanswered    []string  `json:"unanswered"`
		RefusedEgress []string  `json:"refused_egress"`
	}{[]session{}, append([]string{}, c.server.Unanswered()...), append([]string{}, c.server.RefusedEgress()...)}
	for _, s := range c.server.Sessions() {
		answer.Sessions = append(answer.Sessions, session{s.UserID, s.Online, s.Remote, s.Since.Unix()})
	}
	return answer, nil
}

func (c *Control) setFaults(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	var drop protocol.UserID
	if string(o.take("drop_connection")) != "true" { // true stands for everybody
		drop = o.user("drop_connection")
	}
	wanted := sandbox.Faults{
		DelayReplies: o.duration("delay_replies", maxDelay),
		RefuseSends:  int(o.number("refuse_sends", 0, 1<<31-1)),
		Stall:        o.flag("stall"),
	}
	if err := o.done(); err != nil {
		return nil, err
	}
	if err := c.checkUser(drop); err != nil {
		return nil, err
	}
	now, dropped := c.changeFaults(o, wanted), 0
	if o.has("drop_connection") {
		dropped = c.server.DropConnections(drop)
	}
	return struct {
		DelayReplies string `json:"delay_replies"`
		RefuseSends  int    `json:"refuse_sends"`
		Stall        bool   `json:"stall"`
		Dropped      int    `json:"dropped"`
	}{now.DelayReplies.String(), now.RefuseSends, now.Stall, dropped}, nil
}

// changeFaults sets the faults that the caller named.
func (c *Control) changeFaults(named *object, wanted sandbox.Faults) sandbox.Faults {
	return c.server.ChangeFaults(func(now *sandbox.Faults) {
		if named.has("delay_replies") {
			now.DelayReplies = wanted.DelayReplies
		}
		if named.has("refuse_sends") {
			now.RefuseSends = wanted.RefuseSends
		}
		if named.has("stall") {
			now.Stall = wanted.Stall
		}
	})
}

func (c *Control) clearFaults(*http.Request) (any, error) {
	c.server.ChangeFaults(func(now *sandbox.Faults) { *now = sandbox.Faults{} })
	return none{}, nil
}

func (c *Control) offline(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	user, reason := o.user("user"), o.text("reason")
	return c.end(o, user, func() error { return c.server.ForceOffline(user, reason) })
}

func (c *Control) expire(r *http.Request) (any, error) {
	o, err := readObject(r)
	if err != nil {
		return nil, err
	}
	user := o.user("user")
	return c.end(o, user, func() error { return c.server.Expire(user) })
}

// end ends a login. That there is none is a conflict with the state of the server, not a mistake in the call.
func (c *Control) end(o *object, user protocol.UserID, end func() error) (any, error) {
	o.require("user")
	if err := o.done(); err != nil {
		return nil, err
	}
	if err := c.checkUser(user); err != nil {
		return nil, err
	}
	if err := end(); err != nil {
		return nil, failf(http.StatusConflict, "%v", err)
	}
	return none{}, nil
}
