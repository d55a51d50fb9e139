package control_test

import "testing"

func TestWorld(t *testing.T) {
	s := newStage(t)
	s.say(t, "20002", inGroup, "x")
	answer := s.must(t, "GET", "/world", "", "")
	equal(t, answer["bot"], any(10001.0))

	accounts := answer["accounts"].([]any)
	equal(t, len(accounts), 7)
	equal(t, accounts[1], decode(t, `{"user_id":20001,"nickname":"Alice","sex":"female","age":29,"level":48,"qid":"alice-on-call",
		"sign":"Reading logs so that you need not.","login_days":1001,"vip":"svip8","friends":[
		{"user_id":10001,"nickname":"echo","remark":"my echo"},{"user_id":20002,"nickname":"Bob","remark":""},
		{"user_id":20003,"nickname":"安然","remark":"安安"}]}`))
	equal(t, accounts[6].(map[string]any)["friends"], any([]any{}))

	groups := answer["groups"].([]any)
	equal(t, len(groups), 3)
	group := groups[0].(map[string]any)
	members := group["members"].([]any)
	delete(group, "members")
	equal(t, any(group), decode(t, `{"group_id":30001,"name":"echogate test","memo":"Where bots are tried out.","owner":20001,
		"create_time":1582977600,"level":3,"max_members":200,"mute_all":false,"first_seq":1,"last_seq":1}`))
	equal(t, len(members), 6)
	equal(t, members[2], decode(t, `{"user_id":20002,"nickname":"Bob","card":"","role":"admin","title":"","title_expire":0,"level":40,
		"area":"Berlin","join_time":1583049600,"last_speak_time":946684800,"muted_until":0}`))
	equal(t, groups[2].(map[string]any)["mute_all"], any(true))
}
