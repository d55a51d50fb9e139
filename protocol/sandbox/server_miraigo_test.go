package sandbox_test

import (
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/Mrs4s/MiraiGo/client"
	mirai "github.com/Mrs4s/MiraiGo/message"
	"github.com/Mrs4s/MiraiGo/utils"

	"echogate/protocol"
	"echogate/protocol/protocoltest/racelist"
	"echogate/protocol/sandbox"
)

// TestMain lets the unmodified MiraiGo client that these tests drive race within itself, and nothing else.
func TestMain(m *testing.M) {
	os.Exit(racelist.Run(m))
}

// miraiGo is an unmodified MiraiGo client, logged in with the server's credentials for u.
func miraiGo(t *testing.T, s *sandbox.Server, u protocol.UserID) *client.QQClient {
	t.Helper()
	c, err := s.Credentials(u)
	if err != nil {
		t.Fatal(err)
	}
	before, beforeDefault := utils.Client.Transport, http.DefaultClient.Transport
	utils.Client.Transport, http.DefaultClient.Transport = s.Transport(), s.Transport()
	t.Cleanup(func() { utils.Client.Transport, http.DefaultClient.Transport = before, beforeDefault })
	device := new(client.DeviceInfo)
	if err := device.ReadJson(c.Device); err != nil {
		t.Fatal(err)
	}
	// Release is not called at the end: it races with the client's own loop. What is left is a loop without a connection.
	q := client.NewClientEmpty()
	q.UseDevice(device)
	q.SetCustomServer([]netip.AddrPort{netip.MustParseAddrPort(c.Address)})
	// The list of servers must stay as it is; MiraiGo would ask Tencent for more.
	once := reflect.ValueOf(q).Elem().FieldByName("initServerOnce")
	(*sync.Once)(unsafe.Pointer(once.UnsafeAddr())).Do(func() {})
	if err := q.TokenLogin(c.Token); err != nil {
		t.Fatal(err)
	}
	return q
}

// The client that all this is made for, from login to logout: it must find everything where it looks for it.
func TestMiraiGo(t *testing.T) {
	w := sandbox.Default()
	s := serve(t, w)
	q := miraiGo(t, s, 10001)
	if !q.Online.Load() || q.Uin != 10001 || q.Nickname != "echo" {
		t.Fatalf("online %v as %d %q", q.Online.Load(), q.Uin, q.Nickname)
	}
	t.Run("lists", func(t *testing.T) { miraiGoLists(t, q) })
	t.Run("sends", func(t *testing.T) { miraiGoSends(t, w, q) })
	t.Run("receives", func(t *testing.T) { miraiGoReceives(t, w, q) })
	t.Run("is forced offline", func(t *testing.T) {
		reasons := make(chan string, 1)
		q.DisconnectedEvent.Subscribe(func(_ *client.QQClient, e *client.ClientDisconnectedEvent) { reasons <- e.Message })
		if err := s.ForceOffline(10001, "enough"); err != nil {
			t.Fatal(err)
		}
		if reason := await(t, reasons); reason != "enough" {
			t.Errorf("reason %q", reason)
		}
		eventually(t, func() bool { return len(s.Sessions()) == 0 })
	})
}

func miraiGoLists(t *testing.T, q *client.QQClient) {
	friends, err := q.GetFriendList()
	if err != nil || len(friends.List) != 4 || friends.List[0].Remark != "Alice (ops)" || friends.List[3].Nickname != "阿猫🐱" {
		t.Errorf("friends = %+v, %v", friends, err)
	}
	if err := q.ReloadGroupList(); err != nil || len(q.GroupList) != 3 {
		t.Fatalf("%d groups, %v", len(q.GroupList), err)
	}
	g := q.FindGroup(30001)
	if g.Name != "echogate test" || g.OwnerUin != 20001 || g.MemberCount != 6 || len(g.Members) != 6 {
		t.Errorf("group = %+v", g)
	}
	for u, permission := range map[int64]client.MemberPermission{20001: client.Owner, 20002: client.Administrator, 20003: client.Member} {
		if m := g.FindMember(u); m == nil || m.Permission != permission {
			t.Errorf("member %d = %+v", u, m)
		}
	}
	if m, err := q.GetMemberInfo(30001, 20001); err != nil || m.CardName != "Alice" || m.SpecialTitle != "founder" || m.Permission != client.Owner {
		t.Errorf("card = %+v, %v", m, err)
	}
	if g, err := q.GetGroupInfo(30002); err != nil || g.Name != "摸鱼小分队 🐟" || g.LastMsgSeq != 4000 {
		t.Errorf("group = %+v, %v", g, err)
	}
	if _, err := q.GetGroupInfo(5); err == nil {
		t.Error("there is a group 5")
	}
	c, err := q.GetSummaryInfo(20001)
	if err != nil || c.Nickname != "Alice" || c.VipLevel != "svip8" || c.Qid != "alice-on-call" || c.LoginDays != 1001 || c.Level != 48 {
		t.Errorf("profile = %+v, %v", c, err)
	}
	if c, err := q.GetSummaryInfo(20002); err != nil || c.VipLevel != "vip3" {
		t.Errorf("profile = %+v, %v", c, err)
	}
	if c, err := q.GetSummaryInfo(20006); err != nil || c.Nickname != "陌生人" || c.VipLevel != "" {
		t.Errorf("profile = %+v, %v", c, err)
	}
}

func miraiGoSends(t *testing.T, w *sandbox.World, q *client.QQClient) {
	hello := &mirai.SendingMessage{Elements: []mirai.IMessageElement{mirai.NewAt(20001, "@Alice"), mirai.NewText("hello")}}
	sent := q.SendGroupMessage(30001, hello)
	if sent == nil || sent.Id != 1 {
		t.Fatalf("sent %+v", sent)
	}
	said := w.GroupMessages(30001, 1, 1)
	if len(said) != 1 || said[0].Body.CQ() != "[CQ:at,qq=20001]hello" || said[0].Random != uint32(sent.InternalId) {
		t.Errorf("the world has %+v", said)
	}
	history, err := q.GetGroupMessages(30001, 1, 1)
	if err != nil || len(history) != 1 || history[0].InternalId != sent.InternalId {
		t.Errorf("history = %+v, %v", history, err)
	}
	if err := q.RecallGroupMessage(30001, sent.Id, sent.InternalId); err != nil {
		t.Error(err)
	}
	if err := q.RecallGroupMessage(30001, sent.Id, sent.InternalId); err == nil {
		t.Error("recalled twice")
	}
	private := q.SendPrivateMessage(20001, &mirai.SendingMessage{Elements: []mirai.IMessageElement{mirai.NewText("psst")}})
	eventually(t, func() bool { return len(w.PrivateMessages(10001, 20001, 0, 0)) == 1 })
	if m := w.PrivateMessages(10001, 20001, 0, 0)[0]; m.Seq != uint32(private.Id) || m.Random != uint32(private.InternalId) || m.Body.CQ() != "psst" {
		t.Errorf("the world has %+v", m)
	}
	if err := q.RecallPrivateMessage(20001, int64(private.Time), private.Id, private.InternalId); err != nil {
		t.Error(err)
	}
}

func miraiGoReceives(t *testing.T, w *sandbox.World, q *client.QQClient) {
	groups, privates := make(chan *mirai.GroupMessage, 9), make(chan *mirai.PrivateMessage, 9)
	groupRecalls, friendRecalls := make(chan *client.GroupMessageRecalledEvent, 9), make(chan *client.FriendMessageRecalledEvent, 9)
	q.GroupMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.GroupMessage) { groups <- m })
	q.PrivateMessageEvent.Subscribe(func(_ *client.QQClient, m *mirai.PrivateMessage) { privates <- m })
	q.GroupMessageRecalledEvent.Subscribe(func(_ *client.QQClient, e *client.GroupMessageRecalledEvent) { groupRecalls <- e })
	q.FriendMessageRecalledEvent.Subscribe(func(_ *client.QQClient, e *client.FriendMessageRecalledEvent) { friendRecalls <- e })

	said := say(t, w, 20003, 30001, "早上好")
	if m := await(t, groups); m.Id != int32(said.Seq) || m.Sender.Uin != 20003 || m.Sender.CardName != "安然@值班" ||
		m.ToString() != "早上好" || m.GroupName != "echogate test" {
		t.Errorf("group message = %+v", m)
	}
	whispered := whisper(t, w, 20001, 10001, "psst")
	if m := await(t, privates); m.Id != int32(whispered.Seq) || m.Sender.Uin != 20001 || m.InternalId != int32(whispered.Random) || m.ToString() != "psst" {
		t.Errorf("private message = %+v", m)
	}
	if _, err := w.RecallGroup(20002, 30001, said.Seq, 0); err != nil {
		t.Fatal(err)
	}
	if e := await(t, groupRecalls); e.GroupCode != 30001 || e.OperatorUin != 20002 || e.AuthorUin != 20003 || e.MessageId != int32(said.Seq) {
		t.Errorf("recall = %+v", e)
	}
	if _, err := w.RecallPrivate(20001, 10001, whispered.Seq, 0); err != nil {
		t.Fatal(err)
	}
	if e := await(t, friendRecalls); e.FriendUin != 20001 || e.MessageId != int32(whispered.Seq) || e.Time != whispered.Time {
		t.Errorf("recall = %+v", e)
	}
}

// await takes what must come from a channel.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("it does not come")
		panic("unreachable")
	}
}
