package mirai

import (
	"errors"
	"testing"

	"github.com/Mrs4s/MiraiGo/client/pb/msg"
	"github.com/Mrs4s/MiraiGo/client/pb/oidb"
	"github.com/RomiChan/protobuf/proto"

	"echogate/protocol"
)

func marshalled(t *testing.T, m any) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// outcomeOf names what an answer came to, as the callers of the driver tell it apart.
func outcomeOf(t *testing.T, err error) string {
	t.Helper()
	if e, ok := errors.AsType[*protocol.RefusedError](err); ok {
		return e.Error()
	}
	switch _, missing := errors.AsType[*protocol.NotFoundError](err); {
	case err == nil:
		return "done"
	case missing:
		return "missing"
	case errors.Is(err, errNoOutcome) && errors.Is(err, protocol.ErrTimeout):
		return "unknown"
	default:
		return err.Error()
	}
}

// result is an answer's code and words; a nil code is not in the answer.
type result struct {
	code *int32
	text string
}

func (r result) wire() (code proto.Option[int32], text proto.Option[string]) {
	if r.code != nil {
		code = proto.Some(*r.code)
	}
	if r.text != "" {
		text = proto.Some(r.text)
	}
	return code, text
}

func TestAnswerToASentMessage(t *testing.T) {
	for want, r := range map[string]result{
		"done":                           {code: new(int32(0))},
		"unknown":                        {},
		"QQ refused with code 120: mute": {code: new(int32(120)), text: "mute"},
	} {
		answer := &msg.SendMessageResponse{}
		answer.Result, answer.ErrMsg = r.wire()
		if got := outcomeOf(t, judgeSend(marshalled(t, answer))); got != want {
			t.Errorf("%+v is %q, want %q", r, got, want)
		}
	}
}

func TestAnswerToARecall(t *testing.T) {
	const no = "QQ refused with code 1001: No message meets the requirements"
	refused := result{new(int32(1001)), "No message meets the requirements"}
	done, silent := result{new(int32(0)), "Success"}, result{text: "Success"}
	for name, c := range map[string]struct {
		results []result
		want    string
	}{
		"done":            {[]result{done}, "done"},
		"no entry":        {nil, "unknown"},
		"no result":       {[]result{silent}, "unknown"},
		"half an outcome": {[]result{done, silent}, "unknown"},
		"refused":         {[]result{refused}, no},
		"half refused":    {[]result{done, refused}, no},
	} {
		answer := &msg.MsgWithDrawResp{}
		for _, r := range c.results {
			var group msg.GroupMsgWithDrawResp
			var private msg.C2CMsgWithDrawResp
			group.Result, group.ErrMsg = r.wire()
			private.Result, private.ErrMsg = r.wire()
			answer.GroupWithDraw = append(answer.GroupWithDraw, &group)
			answer.C2CWithDraw = append(answer.C2CWithDraw, &private)
		}
		if got := outcomeOf(t, judgeGroupRecall(answer)); got != c.want {
			t.Errorf("group, %s: %q, want %q", name, got, c.want)
		}
		if got := outcomeOf(t, judgePrivateRecall(answer)); got != c.want {
			t.Errorf("private, %s: %q, want %q", name, got, c.want)
		}
	}
}

func TestGroupCardThatIsNotGiven(t *testing.T) {
	entry := func(g uint64, code uint32) *oidb.RspGroupInfo {
		return &oidb.RspGroupInfo{GroupCode: proto.Some(g), Result: proto.Some(code)}
	}
	full := entry(30001, 0)
	full.GroupInfo = &oidb.D88DGroupInfo{GroupName: []byte("name"), GroupCurMsgSeq: proto.Some(uint32(7))}
	for name, c := range map[string]struct {
		code    int32
		entries []*oidb.RspGroupInfo
		want    string
	}{
		"given":           {0, []*oidb.RspGroupInfo{entry(1, noGroup), full}, "done"},
		"no such group":   {0, []*oidb.RspGroupInfo{entry(30001, noGroup)}, "missing"},
		"entry refused":   {0, []*oidb.RspGroupInfo{entry(30001, 9)}, "QQ refused with code 9"},
		"package refused": {noGroup, nil, "QQ refused with code 72: too often"},
		"empty entry":     {0, []*oidb.RspGroupInfo{entry(30001, 0)}, "QQ refused with code 0: no card of group 30001 in the answer"},
		"no entry":        {0, nil, "QQ refused with code 0: no card of group 30001 in the answer"},
	} {
		pkg := &oidb.OIDBSSOPkg{Result: c.code, Bodybuffer: marshalled(t, &oidb.D88DRspBody{RspGroupInfo: c.entries})}
		if c.code != 0 {
			pkg.ErrorMsg = "too often"
		}
		info, newest, err := readGroupCard(30001, marshalled(t, pkg))
		if got := outcomeOf(t, err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if err == nil && (info.Name != "name" || newest != 7) {
			t.Errorf("%s: %+v, %d", name, info, newest)
		}
	}
}
