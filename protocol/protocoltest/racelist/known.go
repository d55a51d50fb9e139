package racelist

import "slices"

// Race is a piece of MiraiGo's state that its own goroutines touch without agreeing on a lock.
type Race struct {
	State     string   // the variable
	Why       string   // why it cannot reach us
	Functions []string // what touches it in MiraiGo, as the race detector names functions, without module path
}

// Known lists the data races within MiraiGo v0.0.0-20240226124653-54bdd873e3fe, found by running it and by reading it
// around what was found. A report is covered only if the functions of both accesses stand in one entry; where the detector
// has lost one access's stack, if the other's does. What belongs to features that the driver does not use, such as
// uploads, guilds and web pages, is left out: it would be new.
func Known() []Race {
	return slices.Concat(lists(), sessions(), messages())
}

func lists() []Race {
	return []Race{
		{
			State: "QQClient.GroupList, its groups and their members",
			Why: "the driver never reads them: its lists are its own, decoded from the server's answers. Messages carry copies of " +
				"names; the card is taken from the message itself. Members that MiraiGo misses for a moment it asks the server for",
			Functions: []string{
				"client.(*QQClient).ReloadGroupList", "client.(*QQClient).GetGroupList", "client.(*QQClient).GetGroupList.func1",
				"client.(*QQClient).getGroupMembers", "client.(*QQClient).getGroupMembers.func1",
				"client.(*QQClient).FindGroup", "client.(*QQClient).FindGroupByUin",
				"client.(*GroupInfo).FindMember", "client.(*GroupInfo).FindMember.func1",
				"client.(*GroupInfo).FindMemberWithoutLock", "client.(*GroupInfo).FindMemberWithoutLock.func1",
				"client.(*GroupInfo).sort", "client.(*GroupInfo).sort.func1",
				"client.(*GroupInfo).Read", "client.(*GroupInfo).Update",
				"client.(*QQClient).parseGroupMessage", "client.(*QQClient).parseGroupMessage.func1",
				"client.decodeGroupListResponse", "client.decodeGroupInfoResponse",
				"client.decodeGroupMemberListResponse", "client.decodeGroupMemberInfoResponse",
			},
		},
		{
			State: "QQClient.FriendList and its friends",
			Why:   "the driver never reads it; a message's nickname comes from the driver's own list where it has one",
			Functions: []string{
				"client.(*QQClient).ReloadFriendList", "client.(*QQClient).FindFriend", "client.(*QQClient).parsePrivateMessage",
				"client.(*QQClient).parseGroupMessage", "client.decodeFriendGroupListResponse", "client.msgType0x210SubB3Decoder",
			},
		},
		{
			State:     "QQClient.groupSysMsgCache",
			Why:       "requests to join are not read by the driver",
			Functions: []string{"client.(*QQClient).init", "client.(*QQClient).exceptAndDispatchGroupSysMsg"},
		},
	}
}

func sessions() []Race {
	return []Race{
		{
			State:     "QQClient.heartbeatEnabled",
			Why:       "at worst MiraiGo has two heartbeats, which the server answers both, or none, which the driver's probes make up for",
			Functions: []string{"client.(*QQClient).init", "client.(*QQClient).doHeartbeat"},
		},
		{
			State:     "QQClient.alive",
			Why:       "it goes from true to false once, at the end of Run; the read loop sees it at its next turn, or has no connection any more",
			Functions: []string{"client.(*QQClient).Release", "client.(*QQClient).netLoop"},
		},
		{
			State: "QQClient.Uin and the login's tickets and keys",
			Why: "a login writes the number it has had since the client was made. What is packed with old tickets while a login " +
				"replaces them is refused by the server and asked again; the driver sends nothing during a login and reads none of it",
			Functions: []string{
				"client.(*QQClient).TokenLogin", "client.(*QQClient).GenToken", "client.(*QQClient).GenToken.func1",
				"client.(*QQClient).decodeT119", "client.decodeExchangeEmpResponse", "client.(*QQClient).init",
				"client.(*QQClient).buildRequestChangeSigPacket", "client.(*QQClient).buildClientRegisterPacket",
				"client.(*QQClient).doHeartbeat", "client.(*QQClient).uniPacket", "client.(*QQClient).uniPacketWithSeq",
				"client.decodeGroupMessagePacket", "client.decodeOnlinePushReqPacket", "client.msgType0x210Sub8ADecoder",
				"client.(*QQClient).c2cMessageSyncProcessor", "client.privateMessageDecoder", "client.decodeC2CSyncPacket",
				"client.(*QQClient).parsePrivateMessage", "client.(*QQClient).FindFriend",
				"client/internal/network.(*Transport).PackPacket", "client/internal/network.(*Transport).packBody",
				"client/internal/network.(*Transport).ReadResponse", "client/internal/network.(*Transport).readSSOFrame",
				"client/internal/oicq.(*Codec).Marshal", "client/internal/oicq.(*Codec).Unmarshal",
			},
		},
		{
			State: "TCPClient.connected",
			Why: "Connect, Close and the end of a read may disagree on whether a break was meant. The driver's own handler decides " +
				"that from the error, and a half-closed session is found by its watchdog",
			Functions: []string{
				"client/internal/network.(*TCPClient).Connect",
				"client/internal/network.(*TCPClient).invokePlannedDisconnect", "client/internal/network.(*TCPClient).invokeUnexpectedDisconnect",
			},
		},
		{
			State:     "the list of servers and the place in it, QQClient.retryTimes and ConnectTime",
			Why:       "two connections at once take the same server twice, or leave one out; the list itself never changes while a driver runs",
			Functions: []string{"client.(*QQClient).connect", "client.(*QQClient).SetCustomServer"},
		},
	}
}

func messages() []Race {
	return []Race{
		{
			State: "the cookies of the message sync",
			Why:   "the server takes any of the last ones; a message that two syncs bring is dropped as a double",
			Functions: []string{
				"client.(*QQClient).c2cMessageSyncProcessor", "client.(*QQClient).buildGetMessageRequestPacket",
				"client.(*QQClient).buildGetOfflineMsgRequestPacket", "client.(*QQClient).buildSyncMsgRequestPacket",
			},
		},
		{
			State:     "QQClient.lastC2CMsgTime",
			Why:       "it drops messages more than ten minutes older than the newest; a torn order of seconds makes no difference",
			Functions: []string{"client.(*QQClient).commMsgProcessor"},
		},
		{
			State: "the expiry times in utils.Cache",
			Why:   "both write nearly the same time; a double that slips through is dropped by the driver",
			Functions: []string{
				"utils.(*Cache[go.shape.struct {}]).GetAndUpdate", "utils.(*Cache[go.shape.struct {}]).Get",
				"utils.NewCache[go.shape.struct {}].func1",
			},
		},
	}
}
