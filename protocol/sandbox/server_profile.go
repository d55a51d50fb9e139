package sandbox

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/Mrs4s/MiraiGo/client/pb/profilecard"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// profileCard answers SummaryCard.ReqSummaryCard, the profile of anybody. A number that is nobody's has a card without
// number and name.
func (s *Server) profileCard(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	in, err := sso.OpenEnvelope3(r.Payload, "ReqSummaryCard")
	if err != nil {
		return nil, err
	}
	u, _ := s.world.Account(protocol.UserID(in.Int(0)))
	services, err := profileServices(u)
	if err != nil {
		return nil, err
	}
	var out sso.Writer
	out.Int(0, 0).Byte(1, gender(u.Sex)).Byte(2, uint8(min(max(u.Age, 0), 255))).String(3, u.Nickname).Int(5, int64(u.Level))
	out.String(7, "").String(8, u.Sign).String(11, "").Int(23, int64(u.UserID))
	if vip, ok := vipOf(u.VIPLevel); ok {
		out.Struct(29, vip)
	}
	out.Bytes(32, nil).Int(36, u.LoginDays).BytesList(46, services)
	return sso.Envelope2("SummaryCardServantObj", "ReqSummaryCard", "RespSummaryCard", "SummaryCard.RespSummaryCard", &out), nil
}

// vipOf is the part of a card that tells the VIP level, such as "vip3" or "svip8"; false where there is none to tell.
func vipOf(level string) (*sso.Writer, bool) {
	var plain, super int64
	if _, err := fmt.Sscanf(level, "svip%d", &super); err != nil {
		if _, err := fmt.Sscanf(level, "vip%d", &plain); err != nil {
			return nil, false
		}
	}
	// MiraiGo follows both entries or neither (client/decoders.go).
	var w sso.Writer
	w.StructMap(0, []int64{1, 3}, []*sso.Writer{vipEntry(plain), vipEntry(super)})
	return &w, true
}

func vipEntry(level int64) *sso.Writer {
	var w sso.Writer
	w.Byte(0, uint8(min(level, 1))).Int(1, 0).Int(2, level)
	return &w
}

// gateService is the number of the profile service that tells the QID (MiraiGo client/decoders.go).
const gateService = 16

// profileServices are the parts of a card that come from services of their own; only the QID's does.
func profileServices(u protocol.User) ([][]byte, error) {
	if u.QID == "" {
		return nil, nil
	}
	head, err := marshal(&profilecard.BusiComm{Service: proto.Some(int32(gateService))})
	if err != nil {
		return nil, err
	}
	body, err := marshal(&profilecard.GateVaProfileGateRsp{QidInfo: &profilecard.GateQidInfoItem{Qid: proto.Some(u.QID)}})
	if err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint32([]byte{0x28}, uint32(len(head)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return [][]byte{append(append(append(b, head...), body...), 0x29)}, nil
}
