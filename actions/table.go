package actions

import "echogate/protocol"

// table lists every action, in the order of the document.
func table() []declaration {
	return []declaration{
		sendPrivateMsg(),
		sendGroupMsg(),
		sendMsg(),
		deleteMsg(),
		getMsg(),
		getGroupMsgHistory(),
		getLoginInfo(),
		getStrangerInfo(),
		getFriendList(),
		getGroupInfo(),
		getGroupList(),
		getGroupMemberInfo(),
		getGroupMemberList(),
		canSendImage(),
		canSendRecord(),
		getStatus(),
		getVersionInfo(),
		getSupportedActions(),
	}
}

// nothing is the parameter struct of actions without parameters.
type nothing struct{}

// groupParams ask for a group.
type groupParams struct {
	GroupID protocol.GroupID `param:"group_id" doc:"the group"`
}

// cacheParams let a caller choose between fresh and quick.
type cacheParams struct {
	NoCache bool `param:"no_cache" default:"false" doc:"ask QQ again instead of using what is known"`
}
