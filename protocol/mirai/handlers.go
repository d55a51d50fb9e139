package mirai

import (
	"time"

	"github.com/Mrs4s/MiraiGo/client"
	mirai "github.com/Mrs4s/MiraiGo/message"

	"echogate/protocol"
)

// subscribe registers the handlers; it is called once, before the client connects. They run on MiraiGo's goroutines,
// under a lock that all its events share, and only copy: no handler blocks or calls MiraiGo.
func (d *Driver) subscribe(c *client.QQClient) {
	c.GroupMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.GroupMessage) { d.onGroupMessage(m) })
	c.SelfGroupMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.GroupMessage) { d.onGroupMessage(m) })
	c.PrivateMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.PrivateMessage) { d.onPrivateMessage(m) })
	c.SelfPrivateMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.PrivateMessage) { d.onPrivateMessage(m) })
	c.GroupMessageRecalledEvent.Subscribe(func(_ *client.QQClient, e *client.GroupMessageRecalledEvent) {
		d.put(recalled, protocol.Recalled{
			Ref: protocol.Ref{
				Chat: protocol.GroupChat(protocol.GroupID(e.GroupCode)), Sender: protocol.UserID(e.AuthorUin),
				Seq: uint32(e.MessageId), Time: int64(e.Time),
			},
			// The push has the message's time; the recall happened just now.
			Operator: protocol.UserID(e.OperatorUin), Time: time.Now().Unix(),
		})
	})
	c.FriendMessageRecalledEvent.Subscribe(func(_ *client.QQClient, e *client.FriendMessageRecalledEvent) {
		friend := protocol.UserID(e.FriendUin)
		d.put(recalled, protocol.Recalled{
			Ref:      protocol.Ref{Chat: protocol.PrivateChat(friend), Sender: friend, Seq: uint32(e.MessageId), Time: e.Time},
			Operator: friend, Time: time.Now().Unix(),
		})
	})
	c.DisconnectedEvent.Subscribe(func(_ *client.QQClient, e *client.ClientDisconnectedEvent) { d.signals.gaveUp(e.Message) })
	d.subscribeMembership(c)
}

// subscribeMembership makes the lists read anew when they are next asked for. What these events point to is shared
// between MiraiGo's goroutines without a lock, so it is not looked at.
func (d *Driver) subscribeMembership(c *client.QQClient) {
	subscribeTo(&c.GroupMemberJoinEvent, d.lists.membersChanged)
	subscribeTo(&c.GroupMemberLeaveEvent, d.lists.membersChanged)
	subscribeTo(&c.GroupMemberPermissionChangedEvent, d.lists.membersChanged)
	subscribeTo(&c.MemberSpecialTitleUpdatedEvent, d.lists.membersChanged)
	subscribeTo(&c.GroupNameUpdatedEvent, d.lists.groupsChanged)
	subscribeTo(&c.GroupJoinEvent, d.lists.groupsChanged)
	subscribeTo(&c.GroupLeaveEvent, d.lists.groupsChanged)
	subscribeTo(&c.GroupDisbandEvent, d.lists.groupsChanged)
	subscribeTo(&c.NewFriendEvent, d.lists.friendsChanged)
	subscribeTo(&c.DeleteFriendEvent, d.lists.friendsChanged)
}

func subscribeTo[T any](e *client.EventHandle[T], changed func()) {
	e.Subscribe(func(*client.QQClient, T) { changed() })
}

func (d *Driver) put(kind itemKind, e protocol.Event) { d.inbox.put(item{kind: kind, event: e}) }

// onGroupMessage takes a message of anybody, the account itself included. It is nil where MiraiGo could not make sense
// of the message, most often because it could not find out who the sender is.
func (d *Driver) onGroupMessage(m *mirai.GroupMessage) {
	defer d.gate.handled() // after it is in the inbox: what the gate has settled, the pump can see
	if m == nil || m.Sender == nil {
		d.log.Warn().Msg("a group message could not be read and is lost")
		return
	}
	g, u := protocol.GroupID(m.GroupCode), protocol.UserID(m.Sender.Uin)
	got := protocol.Message{
		Ref: protocol.Ref{
			Chat: protocol.GroupChat(g), Sender: u,
			Seq: uint32(m.Id), Random: uint32(m.InternalId), Time: int64(m.Time),
		},
		Sender: d.lists.sender(g, u, m.Sender.Nickname, cardOf(m)),
		Body:   fromElements(m.Elements),
		Self:   u == d.self(),
	}
	if got.Self {
		d.echoes.came(got)
	}
	d.put(said, protocol.Received{Message: got})
}

// cardOf is the sender's card as the message itself has it. MiraiGo's own field is still the one before. A card equal
// to the nickname is QQ's way to say that there is none (MiraiGo client/group_msg.go).
func cardOf(m *mirai.GroupMessage) string {
	card := m.Sender.CardName
	if o := m.OriginalObject; o != nil && o.Head != nil && o.Head.GroupInfo != nil && o.Head.GroupInfo.GroupCard.Unwrap() != "" {
		card = o.Head.GroupInfo.GroupCard.Unwrap()
	}
	if card == m.Sender.Nickname {
		return ""
	}
	return card
}

// onPrivateMessage takes a friend's message, or one that the account sent from another device.
func (d *Driver) onPrivateMessage(m *mirai.PrivateMessage) {
	if m == nil || m.Sender == nil {
		d.log.Warn().Msg("a private message could not be read and is lost")
		return
	}
	u := protocol.UserID(m.Sender.Uin)
	self := u == d.self()
	peer := u
	if self {
		peer = protocol.UserID(m.Target)
	}
	d.put(said, protocol.Received{Message: protocol.Message{
		Ref: protocol.Ref{
			Chat: protocol.PrivateChat(peer), Sender: u,
			Seq: uint32(m.Id), Random: uint32(m.InternalId), Time: int64(m.Time),
		},
		Sender: protocol.Sender{UserID: u, Nickname: d.lists.nickname(u, m.Sender.Nickname)},
		Body:   fromElements(m.Elements),
		Self:   self,
	}})
}
