package events

import "echogate/protocol"

type groupRecall struct {
	Time       int64            `json:"time"`
	SelfID     protocol.UserID  `json:"self_id"`
	PostType   string           `json:"post_type"`
	NoticeType string           `json:"notice_type"`
	GroupID    protocol.GroupID `json:"group_id"`
	UserID     protocol.UserID  `json:"user_id"`
	OperatorID protocol.UserID  `json:"operator_id"`
	MessageID  int32            `json:"message_id"`
}

type friendRecall struct {
	Time       int64           `json:"time"`
	SelfID     protocol.UserID `json:"self_id"`
	PostType   string          `json:"post_type"`
	NoticeType string          `json:"notice_type"`
	UserID     protocol.UserID `json:"user_id"`
	MessageID  int32           `json:"message_id"`
}

// Recall encodes group_recall or friend_recall. id is the message_id of the message that was taken back, self the
// account. user_id is its author, operator_id who took it back.
func Recall(r protocol.Recalled, id int32, self protocol.UserID) Encoded {
	if r.Ref.Chat.Kind == protocol.Group {
		return same(groupRecall{
			Time: r.Time, SelfID: self, PostType: "notice", NoticeType: "group_recall",
			GroupID: protocol.GroupID(r.Ref.Chat.ID), UserID: r.Ref.Sender, OperatorID: r.Operator, MessageID: id,
		})
	}
	return same(friendRecall{
		Time: r.Time, SelfID: self, PostType: "notice", NoticeType: "friend_recall", UserID: r.Ref.Sender, MessageID: id,
	})
}
