package mirai

import (
	"errors"
	"fmt"

	"github.com/Mrs4s/MiraiGo/binary/jce"
)

// The friend list server and its requests (MiraiGo client/builders.go).
const friendListServant = "mqq.IMService.FriendListServiceServantObj"

// jceRequest wraps a struct as requests of the friend list server are: version 3 of the envelope, one struct.
func jceRequest(function, key string, body []byte) []byte {
	data := &jce.RequestDataVersion3{Map: map[string][]byte{key: append(append([]byte{0x0A}, body...), 0x0B)}}
	packet := &jce.RequestPacket{
		IVersion:     3,
		IRequestId:   1921334513, // where MiraiGo's counter starts; the answer is found by the frame's seq
		SServantName: friendListServant,
		SFuncName:    function,
		SBuffer:      data.ToBytes(),
		Context:      map[string]string{},
		Status:       map[string]string{},
	}
	return packet.ToBytes()
}

// jceAnswer unwraps the struct under key and lets read take it apart. MiraiGo's reader panics on what does not fit;
// that is an error here.
func jceAnswer(answer []byte, key string, read func(*jce.JceReader)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: %v", key, p)
		}
	}()
	packet := &jce.RequestPacket{}
	packet.ReadFrom(jce.NewJceReader(answer))
	data := &jce.RequestDataVersion3{}
	data.ReadFrom(jce.NewJceReader(packet.SBuffer))
	body := data.Map[key]
	if len(body) < 2 {
		return errors.New("read " + key + ": it is not in the answer")
	}
	read(jce.NewJceReader(body[1:]))
	return nil
}
