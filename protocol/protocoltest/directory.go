package protocoltest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"

	"echogate/protocol"
)

// beforeLogin: a driver that does not run answers at once that it is offline.
func beforeLogin(t *testing.T, h Harness) {
	d := h.Driver(t, false)
	if s := d.Status(); s.Online || s.Reason == "" {
		t.Errorf("status before Run: %+v", s)
	}
	if tr := d.Traits(); tr.Name == "" || tr.Version == "" || tr.Protocol == 0 {
		t.Errorf("traits %+v", tr)
	}
	allOffline(t, d, h.Scene())
}

func allOffline(t *testing.T, d protocol.Driver, s Scene) {
	t.Helper()
	ctx := t.Context()
	ref := protocol.Ref{Chat: protocol.GroupChat(s.Open), Sender: s.Self.UserID, Seq: 1, Random: 1}
	for name, f := range map[string]func() error{
		"Friends": func() error { _, err := d.Friends(ctx, false); return err },
		"User":    func() error { _, err := d.User(ctx, s.Friend); return err },
		"Groups":  func() error { _, err := d.Groups(ctx, true); return err },
		"Group":   func() error { _, err := d.Group(ctx, s.Open, false); return err },
		"Members": func() error { _, err := d.Members(ctx, s.Open, false); return err },
		"Member":  func() error { _, err := d.Member(ctx, s.Open, s.Friend, true); return err },
		"Send":    func() error { _, err := d.Send(ctx, protocol.GroupChat(s.Open), text("x")); return err },
		"Private": func() error { _, err := d.Send(ctx, protocol.PrivateChat(s.Friend), text("x")); return err },
		"Recall":  func() error { return d.Recall(ctx, ref) },
	} {
		if err := f(); !errors.Is(err, protocol.ErrOffline) {
			t.Errorf("%s offline = %v", name, err)
		}
	}
}

func afterEnd(t *testing.T, s *session) {
	if st := s.Status(); st.Online || st.Reason == "" {
		t.Errorf("status after Run: %+v", st)
	}
	allOffline(t, s.Driver, s.h.Scene())
	eventually(t, "the far side sees nobody online", func() bool { return s.h.Sessions() == 0 })
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run can be called twice")
	}
}

func login(t *testing.T, s *session) {
	scene := s.h.Scene()
	if online, ok := s.since(0)[0].(protocol.Online); !ok || online.Self != scene.Self {
		t.Errorf("first event %+v, want Online of %+v", s.since(0)[0], scene.Self)
	}
	st := s.Status()
	if !st.Online || st.Self != scene.Self || st.Since.IsZero() || st.Stats.PacketReceived == 0 || st.Stats.PacketSent == 0 {
		t.Errorf("status %+v", st)
	}
	if n := s.h.Sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func lists(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	for _, fresh := range []bool{false, true} {
		friends, err := s.Friends(ctx, fresh)
		slices.SortFunc(friends, func(a, b protocol.Friend) int { return cmp.Compare(a.UserID, b.UserID) })
		if err != nil || !reflect.DeepEqual(friends, scene.Friends) {
			t.Errorf("friends (fresh %v) = %+v, %v\nwant %+v", fresh, friends, err, scene.Friends)
		}
		groups, err := s.Groups(ctx, fresh)
		slices.SortFunc(groups, func(a, b protocol.GroupInfo) int { return cmp.Compare(a.GroupID, b.GroupID) })
		if err != nil || !reflect.DeepEqual(groups, scene.Groups) {
			t.Errorf("groups (fresh %v) = %+v, %v\nwant %+v", fresh, groups, err, scene.Groups)
		}
		for _, g := range scene.Groups {
			if got, err := s.Group(ctx, g.GroupID, fresh); err != nil || got != g {
				t.Errorf("group (fresh %v) = %+v, %v\nwant %+v", fresh, got, err, g)
			}
			members, err := s.Members(ctx, g.GroupID, fresh)
			if err != nil || len(members) != len(scene.Members[g.GroupID]) {
				t.Fatalf("members of %d = %+v, %v", g.GroupID, members, err)
			}
			for i, m := range members {
				if want := scene.Members[g.GroupID][i]; listed(m) != listed(want) {
					t.Errorf("member %+v\nwant %+v", m, want)
				}
			}
		}
	}
	// What was handed out is the receiver's to change.
	friends, _ := s.Friends(ctx, false)
	friends[0].Nickname = "changed"
	if again, _ := s.Friends(ctx, false); again[0].Nickname == "changed" {
		t.Error("the friend list is shared")
	}
}

// listed leaves of a member what a list must tell.
func listed(m protocol.Member) protocol.Member {
	m.Age, m.Area, m.CardChangeable, m.LastSpeakTime = 0, "", false, 0
	return m
}

func cards(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	for _, want := range scene.Members[scene.Open] {
		got, err := s.Member(ctx, scene.Open, want.UserID, true)
		want.LastSpeakTime, want.CardChangeable = got.LastSpeakTime, got.CardChangeable
		if err != nil || got != want {
			t.Errorf("card = %+v, %v\nwant %+v", got, err, want)
		}
		known, err := s.Member(ctx, scene.Open, want.UserID, false)
		if err != nil || listed(known) != listed(want) {
			t.Errorf("member = %+v, %v\nwant %+v", known, err, want)
		}
	}
	own, err := s.Member(ctx, scene.Open, scene.Self.UserID, true)
	if err != nil || !own.CardChangeable {
		t.Errorf("own card = %+v, %v: the account may change it", own, err)
	}
	if got, err := s.User(ctx, scene.Stranger.UserID); err != nil || got != scene.Stranger {
		t.Errorf("profile = %+v, %v\nwant %+v", got, err, scene.Stranger)
	}
}

// missing: what is not there is named.
func missing(t *testing.T, s *session) {
	scene, ctx := s.h.Scene(), t.Context()
	for name, c := range map[string]struct {
		kind string
		call func() error
	}{
		"Group":             {protocol.KindGroup, func() error { _, err := s.Group(ctx, scene.NoGroup, false); return err }},
		"Group fresh":       {protocol.KindGroup, func() error { _, err := s.Group(ctx, scene.NoGroup, true); return err }},
		"Members":           {protocol.KindGroup, func() error { _, err := s.Members(ctx, scene.NoGroup, true); return err }},
		"Member of nothing": {protocol.KindGroup, func() error { _, err := s.Member(ctx, scene.NoGroup, scene.Friend, true); return err }},
		"Member":            {protocol.KindMember, func() error { _, err := s.Member(ctx, scene.Open, scene.NoUser, false); return err }},
		"Member fresh":      {protocol.KindMember, func() error { _, err := s.Member(ctx, scene.Open, scene.NoUser, true); return err }},
		"User":              {protocol.KindUser, func() error { _, err := s.User(ctx, scene.NoUser); return err }},
		"Send group":        {protocol.KindGroup, func() error { _, err := s.Send(ctx, protocol.GroupChat(scene.NoGroup), text("x")); return err }},
		"Send private": {protocol.KindFriend, func() error {
			_, err := s.Send(ctx, protocol.PrivateChat(scene.Stranger.UserID), text("x"))
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call()
			if e, ok := errors.AsType[*protocol.NotFoundError](err); !ok || e.Kind != c.kind {
				t.Errorf("error %v, want %s not found", err, c.kind)
			}
		})
	}
}
