package mirai

import (
	"sync"
	"time"

	"echogate/protocol"
)

// echoes finds the senders that wait for their group message to come back, which is how QQ tells a message's seq.
type echoes struct {
	mu      sync.Mutex
	waiting map[echo]chan protocol.Message
}

// echo names a sent message: its random is all that is known of it before it comes back.
type echo struct {
	chat   protocol.Chat
	random uint32
}

// expect registers a message that is about to be sent; the channel gets it at most once.
func (e *echoes) expect(name echo) <-chan protocol.Message {
	c := make(chan protocol.Message, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting == nil {
		e.waiting = map[echo]chan protocol.Message{}
	}
	e.waiting[name] = c
	return c
}

func (e *echoes) forget(name echo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, name)
}

// came is called for each own message that arrives; it does not block.
func (e *echoes) came(m protocol.Message) {
	name := echo{m.Ref.Chat, m.Ref.Random}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, ok := e.waiting[name]; ok {
		delete(e.waiting, name)
		c <- m
	}
}

// privateSeqs numbers the messages sent to friends. MiraiGo's counter starts at the same number in every process, so a
// message before a restart and one after it could not be told apart.
type privateSeqs struct {
	mu   sync.Mutex
	last uint32
}

// start sets the counter by the clock: ten numbers a second, which come round after 6.8 years. A process that sends more
// for long and restarts at once repeats some; QQ then still tells the messages apart by their random.
func (p *privateSeqs) start(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = uint32(now.UnixMilli()/100) & seqMask
}

// seqMask keeps seqs positive as the int32 that they are on the wire.
const seqMask = 1<<31 - 1

func (p *privateSeqs) next() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = (p.last + 1) & seqMask
	if p.last == 0 {
		p.last = 1
	}
	return p.last
}
