package racelist

// Race is a piece of MiraiGo's state that its own goroutines touch without agreeing on a lock.
type Race struct {
	State     string   // the variable
	Why       string   // why it cannot reach us
	Functions []string // everything in MiraiGo that touches it, as the race detector names functions, without module path
}

// Known lists the data races within MiraiGo v0.0.0-20240226124653-54bdd873e3fe. A report is covered only if the
// functions of both accesses stand in one entry.
func Known() []Race {
	return []Race{
		{
			State: "QQClient.GroupList",
			Why:   "the driver never reads it: its lists are its own, decoded from the answers of the server",
			Functions: []string{
				"client.(*QQClient).ReloadGroupList", "client.(*QQClient).FindGroup", "client.(*QQClient).FindGroupByUin",
				"client.(*QQClient).parseGroupMessage",
			},
		},
	}
}
