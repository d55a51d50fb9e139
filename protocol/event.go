package protocol

// Event is something that happened on QQ. The set is closed: Received, Recalled, Online and Offline.
type Event interface{ event() }

// Received is a message that was said in a chat, by somebody or by the account itself. Each message comes once, and within a
// chat in QQ's order, as far as the driver could restore it.
type Received struct{ Message Message }

// Recalled says that a message was taken back.
type Recalled struct {
	Ref      Ref    // Random may be 0: QQ does not always say it
	Operator UserID // who recalled it; in private chats always the author
	Time     int64  // Unix seconds
}

// Online says that the account is logged in and its lists are loaded. It comes after every login, also an automatic one.
// What is said during the login comes after it, unless that is more than a driver can keep.
type Online struct{ Self Account }

// Offline says that the account lost its connection to QQ. The driver goes on trying to get back unless Run returns.
type Offline struct{ Reason string }

func (Received) event() {}
func (Recalled) event() {}
func (Online) event()   {}
func (Offline) event()  {}
