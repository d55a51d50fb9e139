package actions

import (
	"context"
	"fmt"

	"github.com/goccy/go-json"

	"echogate/protocol"
)

// historyPage is how many messages are returned at once, go-cqhttp's and QQ's own limit.
const historyPage = 20

type historyParams struct {
	groupParams
	MessageSeq uint32 `param:"message_seq" default:"0" doc:"message_seq of the newest message to return; 0 is the newest of all"`
}

type historyResult struct {
	Messages []json.RawMessage `json:"messages"`
}

func getGroupMsgHistory() declaration {
	return action[historyParams, historyResult]{
		name:  "get_group_msg_history",
		doc:   "Returns up to 20 messages of a group as QQ remembers them, the oldest first.",
		notes: "Recalled and expired messages are missing. The message_id of each works with all other actions.",
		needs: able[protocol.Historian](),
		reads: true,
		run:   groupHistory,
		result: []field{
			{"messages", "object[]", "complete message events; the account's own have post_type message_sent"},
		},
		example: example{
			params: `{"group_id":30003}`,
			data: `{"messages":[{"time":1700000000,"self_id":10001,"post_type":"message","message_type":"group","sub_type":"normal","message_id":7,` +
				`"message_seq":1201,"group_id":30003,"user_id":20002,"anonymous":null,"font":0,"sender":{"user_id":20002,"nickname":"Ann",` +
				`"sex":"unknown","age":0,"card":"Ann of Tea","area":"","level":"12","role":"owner","title":"Host"},` +
				`"raw_message":"is there tea?","message":[{"type":"text","data":{"text":"is there tea?"}}]}]}`,
		},
	}
}

func groupHistory(ctx context.Context, c *caller, p *historyParams) (historyResult, error) {
	result := historyResult{Messages: []json.RawMessage{}}
	historian, ok := c.Driver.(protocol.Historian)
	if !ok {
		return result, protocol.ErrUnsupported
	}
	newest := p.MessageSeq
	if newest == 0 {
		var err error
		if newest, err = historian.LastSeq(ctx, p.GroupID); err != nil {
			return result, fmt.Errorf("read last seq of group %d: %w", p.GroupID, err)
		}
		if newest == 0 {
			return result, nil
		}
	}
	oldest := uint32(1)
	if newest > historyPage {
		oldest = newest - historyPage + 1
	}
	messages, err := historian.GroupHistory(ctx, p.GroupID, oldest, newest)
	if err != nil {
		return result, fmt.Errorf("read history of group %d: %w", p.GroupID, err)
	}
	ids, err := c.History.Record(ctx, messages)
	if err != nil {
		return result, fmt.Errorf("record history of group %d: %w", p.GroupID, err)
	}
	self := c.Driver.Status().Self.UserID
	for i, m := range messages {
		result.Messages = append(result.Messages, c.Events.Message(m, ids[i], self, c.format))
	}
	return result, nil
}
