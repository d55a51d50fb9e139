package actions

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"echogate/protocol"
)

// ReadOnly is the [Policy.Preset] that permits only actions which change nothing.
const ReadOnly = "read_only"

// Policy says what an endpoint may do. What it forbids is answered 1403 FORBIDDEN and never reaches the driver. The zero
// value permits everything.
type Policy struct {
	// Preset is "" or [ReadOnly], which applies in addition to Actions.
	Preset string `mapstructure:"preset"`
	// Actions says which actions may be called.
	Actions ActionRules `mapstructure:"actions"`
	// Groups are the groups that the endpoint sees and may act on; none listed means all. Within a group it decides for
	// the members too.
	Groups []protocol.GroupID `mapstructure:"groups"`
	// Users are those to whom the endpoint may write in private, and whose profiles and entries in the friend list it
	// sees; none listed means all. A temporary session needs its group permitted as well.
	Users []protocol.UserID `mapstructure:"users"`
}

// ActionRules choose actions by name without suffix, such as "send_msg", or by glob, such as "get_*" ([path.Match]).
type ActionRules struct {
	// Allow are the only actions permitted; none listed means all.
	Allow []string `mapstructure:"allow"`
	// Deny are forbidden, also where Allow matches.
	Deny []string `mapstructure:"deny"`
}

// Validate returns nil, or an error that names the first wrong key, relative to the policy. A name that is no action is
// an error, because a misspelt prohibition would forbid nothing; a glob may match nothing.
func (p Policy) Validate() error {
	if p.Preset != "" && p.Preset != ReadOnly {
		return fmt.Errorf("preset: %q is not %s or empty", p.Preset, ReadOnly)
	}
	if err := checkRules("actions.allow", p.Actions.Allow); err != nil {
		return err
	}
	if err := checkRules("actions.deny", p.Actions.Deny); err != nil {
		return err
	}
	for i, g := range p.Groups {
		if g <= 0 {
			return fmt.Errorf("groups[%d]: %d is not a group number", i, g)
		}
	}
	for i, u := range p.Users {
		if u <= 0 {
			return fmt.Errorf("users[%d]: %d is not a QQ number", i, u)
		}
	}
	return nil
}

func checkRules(key string, rules []string) error {
	names := Names()
	for i, rule := range rules {
		var err error
		if _, bad := path.Match(rule, ""); bad != nil {
			err = errors.New("is not a glob")
		} else if strings.Contains(rule, "[!") {
			err = errors.New("is a shell's glob; here [^...] negates")
		} else if !strings.ContainsAny(rule, `*?[\`) && !slices.Contains(names, rule) {
			err = errors.New("is not an action; `echogate actions` lists them")
		}
		if err != nil {
			return fmt.Errorf("%s[%d]: %q %w", key, i, rule, err)
		}
	}
	return nil
}

// deniedError says what the endpoint's policy forbids.
type deniedError struct{ what string }

func (e *deniedError) Error() string {
	return "the policy of this endpoint forbids " + e.what + "; nothing was done"
}

// permissions are a policy made ready for questions. A nil map permits everything.
type permissions struct {
	forbidden map[string]bool // actions by name
	groups    map[protocol.GroupID]bool
	users     map[protocol.UserID]bool
}

func (p Policy) permissions(actions []*entry) permissions {
	forbidden := map[string]bool{}
	for _, e := range actions {
		forbidden[e.name] = !p.permits(e)
	}
	return permissions{forbidden: forbidden, groups: listed(p.Groups), users: listed(p.Users)}
}

// permits decides on the safe side what Validate would have refused.
func (p Policy) permits(e *entry) bool {
	switch {
	case p.Preset != "" && !e.reads:
		return false
	case slices.ContainsFunc(p.Actions.Deny, func(rule string) bool { ok, err := path.Match(rule, e.name); return ok || err != nil }):
		return false
	default:
		return len(p.Actions.Allow) == 0 ||
			slices.ContainsFunc(p.Actions.Allow, func(rule string) bool { ok, err := path.Match(rule, e.name); return ok && err == nil })
	}
}

func listed[ID comparable](ids []ID) map[ID]bool {
	if len(ids) == 0 {
		return nil
	}
	set := make(map[ID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func (p *permissions) action(name string) error {
	if p.forbidden[name] {
		return &deniedError{what: "the action " + name}
	}
	return nil
}

func (p *permissions) group(g protocol.GroupID) error {
	if p.groups != nil && !p.groups[g] {
		return &deniedError{what: fmt.Sprintf("group %d", g)}
	}
	return nil
}

func (p *permissions) user(u protocol.UserID) error {
	if p.users != nil && !p.users[u] {
		return &deniedError{what: fmt.Sprintf("user %d", u)}
	}
	return nil
}

func (p *permissions) chat(c protocol.Chat) error {
	switch c.Kind {
	case protocol.Group:
		return p.group(protocol.GroupID(c.ID))
	case protocol.Temp:
		if err := p.group(c.Via); err != nil {
			return err
		}
	case protocol.Private:
	}
	return p.user(protocol.UserID(c.ID))
}
