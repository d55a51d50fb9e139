package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/Mrs4s/MiraiGo/client/pb/channel"
	"github.com/Mrs4s/MiraiGo/client/pb/structmsg"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
	"echogate/protocol/sandbox/sso"
)

// refusedLogin is the code with which an exchange of tickets is refused; wtlogin's code for credentials that are wrong.
const refusedLogin = 1

// exchange answers wtlogin.exchange_emp, the login by token: it checks the tickets that the client presents and gives
// them back, as new as they ever were.
//
// Most of the command is sealed with a key that the client agreed upon with the server whose public key it got from
// keyrotate.qq.com. A client that could not ask there (see [Server.Transport]) uses Tencent's key, and what it sealed
// cannot be opened here. The ticket in the frame's head then has to be proof enough.
func (s *Server) exchange(ctx context.Context, l *link, r sso.Request) ([]byte, error) {
	o, err := sso.ParseOICQ(r.Payload)
	if err != nil {
		return nil, err
	}
	token, known := s.token(protocol.UserID(r.Uin))
	known = known && bytes.Equal(r.TGT, token.TGT)
	subcommand := sso.ExchangeD2
	key, body, opened := s.openLogin(o)
	if opened {
		var values map[uint16][]byte
		if subcommand, values, err = sso.ParseExchange(body); err != nil {
			return nil, err
		}
		known = known && (subcommand != sso.ExchangeD2 || bytes.Equal(values[0x143], token.D2))
	}
	var sealedBy sso.Key
	switch subcommand {
	case sso.ExchangeD2:
		sealedBy = token.ExchangeKey()
	case sso.ExchangeSKey:
		sealedBy = token.TGTGTKey
	default:
		known = false
	}
	switch {
	case known:
		l.log.Info().Int64("user", r.Uin).Msg("login by token")
		if subcommand == sso.ExchangeD2 {
			s.leave(protocol.UserID(r.Uin), l)
			l.logIn()
		}
		answer := sso.AppendExchange(nil, subcommand, 0, token.Tickets(sealedBy, s.loginProfile(protocol.UserID(r.Uin)), webKeys(r.Uin)))
		return o.Response(sso.ByTicketKey, token.STKey, answer), nil
	case opened && o.Method == sso.ByECDH:
		l.log.Warn().Int64("user", r.Uin).Uint16("subcommand", subcommand).Msg("login refused: the token is not of this world")
		return o.Response(sso.ByShareKey, key, sso.AppendExchange(nil, subcommand, refusedLogin)), nil
	default:
		// There is no key that both sides have, but this code needs none.
		return nil, errExpired
	}
}

// openLogin opens the body of a login command; false when it is sealed with a key that is not known here.
func (s *Server) openLogin(o sso.OICQ) (key sso.Key, body []byte, opened bool) {
	key = o.RandomKey
	if o.Method == sso.ByECDH {
		var err error
		if key, err = o.ShareKey(s.key); err != nil {
			return key, nil, false
		}
	}
	body, err := o.Open(key)
	if err != nil {
		return key, nil, false
	}
	// A wrong key is no error to the cipher: only sense in the plaintext shows that it was the right one.
	_, _, err = sso.ParseExchange(body)
	return key, body, err == nil
}

func (s *Server) loginProfile(u protocol.UserID) sso.Profile {
	user, _ := s.world.Account(u)
	return sso.Profile{Nickname: user.Nickname, Age: uint8(min(max(user.Age, 0), 255)), Gender: gender(user.Sex)}
}

// gender is QQ's number for a sex in profiles and member lists (go-cqhttp).
func gender(s protocol.Sex) uint8 {
	switch s {
	case protocol.Male:
		return 0
	case protocol.Female:
		return 1
	default:
		return 255
	}
}

func webKeys(uin int64) sso.WebKeys {
	u := protocol.UserID(uin)
	return sso.WebKeys{
		SKey:    fmt.Appendf(nil, "@%x", derive("skey", u, 5)),
		PSKey:   fmt.Appendf(nil, "%x", derive("p_skey", u, 16)),
		Domains: []string{"qun.qq.com", "vip.qq.com", "qzone.qq.com", "ti.qq.com", "docs.qq.com"},
	}
}

// otherDevice is what a client reads when its account logs in again (QQ's own words).
const otherDevice = "你的帐号在另一台设备登录，你被迫下线。"

// register answers StatSvc.register: from now on the client is online and gets pushes. MiraiGo repeats it now and then
// over the same connection, and sends it first over a new one when it lost the old.
func (s *Server) register(ctx context.Context, l *link, r sso.Request) ([]byte, error) {
	in, err := sso.OpenEnvelope3(r.Payload, "SvcReqRegister")
	if err != nil {
		return nil, err
	}
	token, _ := s.token(protocol.UserID(r.Uin))
	if in.Int(0) != r.Uin || r.Kind != sso.Login || !bytes.Equal(r.D2, token.D2) {
		return nil, errExpired
	}
	session, fresh := l.signOn()
	if previous := s.enter(protocol.UserID(r.Uin), l); previous != nil {
		previous.forceOffline(otherDevice)
	}
	if fresh {
		p := pushing{session: session, from: s.world.End()}
		l.afterwards(func(context.Context) error { // the answer comes before the first push
			l.startPushing(p)
			return nil
		})
	}
	host, port := splitAddr(l.conn.RemoteAddr())
	var out sso.Writer
	out.Int(0, r.Uin).Int(1, in.Int(1)).Byte(2, 0).String(3, "").Int(4, s.unixTime()).Byte(5, 0).Byte(6, 0).Byte(7, 0)
	out.Int(8, 0).Byte(9, 0).String(10, host).Int(11, port).Int(12, 300).Int(13, 0).Byte(14, 0).Int(16, in.Int(4))
	return sso.Envelope2("PushService", "SvcRespRegister", "SvcRespRegister", "QQService.SvcRespRegister", &out), nil
}

// alive answers Heartbeat.Alive.
func (s *Server) alive(context.Context, *link, sso.Request) ([]byte, error) { return []byte{}, nil }

// offlineMessages answers RegPrxySvc.getOffMsg. MiraiGo waits for it and reads nothing; nothing is kept for clients that
// were away, because it would drop that too.
func (s *Server) offlineMessages(context.Context, *link, sso.Request) ([]byte, error) {
	return []byte{}, nil
}

// systemMessages answers ProfileService.Pb.ReqSystemMsgNew.Group: there are no requests to join or invitations yet.
func (s *Server) systemMessages(context.Context, *link, sso.Request) ([]byte, error) {
	return marshal(&structmsg.RspSystemMsgNew{Head: &structmsg.RspHead{}})
}

// guilds answers the first question about guilds: the account is in none.
func (s *Server) guilds(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	return marshal(&channel.FirstViewRsp{GuildCount: proto.Some(uint32(0)), SelfTinyid: proto.Some(tinyID(r.Uin))})
}

// guildProfile answers the question for the account's profile in guilds, which MiraiGo takes for granted.
func (s *Server) guildProfile(_ context.Context, _ *link, r sso.Request) ([]byte, error) {
	user, _ := s.world.Account(protocol.UserID(r.Uin))
	return oidbAnswer(r, 0, &channel.ChannelOidb0Xfc9Rsp{Profile: &channel.GuildUserProfile{Nickname: proto.Some(user.Nickname)}})
}

// tinyID is the account's number in guilds. Real ones have 18 digits that begin with 144115.
func tinyID(uin int64) uint64 {
	id, err := strconv.ParseUint(fmt.Sprintf("144115%012d", uin%1e12), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// told takes notes that clients send and want no answer to.
func (s *Server) told(context.Context, *link, sso.Request) ([]byte, error) { return nil, nil }
