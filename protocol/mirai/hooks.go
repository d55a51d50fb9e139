package mirai

import (
	"errors"
	"net/http"
	"time"

	"github.com/Mrs4s/MiraiGo/utils"
)

// httpTimeout bounds a whole HTTP request of MiraiGo, the body included. go-cqhttp has none.
const httpTimeout = 20 * time.Second

// errTwoDrivers says that MiraiGo's process-wide HTTP client has an owner already.
var errTwoDrivers = errors.New("another QQ client runs in this process")

// hook makes MiraiGo's HTTP clients use g until the returned function is called. They are variables of the process;
// that one of them has a guard is the sign that a driver runs. Two that start at the same instant could both miss it: only
// a variable of the process could keep them apart, and a program that does so is broken either way.
func hook(g *guard) (unhook func(), err error) {
	if _, taken := utils.Client.Transport.(*guard); taken {
		return nil, errTwoDrivers
	}
	clients := []*http.Client{utils.Client, http.DefaultClient}
	before := make([]http.Client, len(clients))
	for i, c := range clients {
		before[i] = *c
		c.Transport, c.Timeout = g, httpTimeout
	}
	return func() {
		for i, c := range clients {
			c.Transport, c.Timeout = before[i].Transport, before[i].Timeout
		}
	}, nil
}
