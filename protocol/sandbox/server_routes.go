package sandbox

import (
	"context"
	"fmt"
	"net"

	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol/sandbox/sso"
)

// route answers one command with a payload, or with nil where none is expected. errExpired ends the client's session;
// any other error closes its connection.
type route func(context.Context, *link, sso.Request) ([]byte, error)

// newRoutes is everything that the server answers. What is missing here is logged, shows in [Server.Unanswered], and
// leaves its caller waiting.
func (s *Server) newRoutes() map[string]route {
	return map[string]route{
		"wtlogin.exchange_emp":                             s.exchange,
		"StatSvc.register":                                 s.register,
		"Heartbeat.Alive":                                  s.alive,
		"RegPrxySvc.getOffMsg":                             s.offlineMessages,
		"ProfileService.Pb.ReqSystemMsgNew.Group":          s.systemMessages,
		"trpc.group_pro.synclogic.SyncLogic.SyncFirstView": s.guilds,
		"OidbSvcTrpcTcp.0xfc9_1":                           s.guildProfile,
		"friendlist.getFriendGroupList":                    s.friendList,
		"friendlist.GetTroopListReqV2":                     s.groupList,
		"friendlist.GetTroopMemberListReq":                 s.memberList,
		"group_member_card.get_group_member_card_info":     s.memberCard,
		"OidbSvc.0x88d_0":                                  s.groupInfo,
		"SummaryCard.ReqSummaryCard":                       s.profileCard,
		"MessageSvc.PbSendMsg":                             s.sendMessage,
		"MessageSvc.PbGetGroupMsg":                         s.groupHistory,
		"PbMessageSvc.PbMsgWithDraw":                       s.withdraw,
		"MessageSvc.PbGetMsg":                              s.getMail,
		"MessageSvc.PbDeleteMsg":                           s.deleteMail,
		"OnlinePush.RespPush":                              s.told,
		"ConfigPushSvc.PushResp":                           s.told,
	}
}

func marshal(message any) ([]byte, error) {
	b, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	if b == nil {
		b = []byte{} // an answer, only an empty one
	}
	return b, nil
}

func unmarshal(payload []byte, message any) error {
	if err := proto.Unmarshal(payload, message); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	return nil
}

// oidbAnswer packs the answer to an OIDB command; result 0 is success.
func oidbAnswer(r sso.Request, result int32, message any) ([]byte, error) {
	in, err := sso.ParseOIDB(r.Payload)
	if err != nil {
		return nil, err
	}
	body, err := marshal(message)
	if err != nil {
		return nil, err
	}
	return sso.OIDB{Command: in.Command, ServiceType: in.ServiceType, Result: proto.Some(result), Body: body}.Marshal()
}

func splitAddr(a net.Addr) (host string, port int64) {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.IP.String(), int64(tcp.Port)
	}
	return "", 0
}
