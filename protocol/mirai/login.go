package mirai

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/Mrs4s/MiraiGo/client"

	"echogate/protocol"
)

// Words with which MiraiGo tells how a login failed; it has no error values for them (client/client.go,
// client/decoders.go, client/network.go).
const (
	refusedWords = "exchange_emp failed" // QQ's answer to the token was no
	kickedWords  = "token failed"        // QQ ended the session within its first second
	expiredWords = "session expired"     // a DisconnectedEvent: the keys are not valid any more
)

// errRefused is permanent: the stored session does not exist any more.
var errRefused = errors.New("QQ refused the stored session: it has expired or was ended elsewhere")

// login logs in by token. It is not ok when that failed; the ending says how.
func (d *Driver) login(ctx context.Context, c *client.QQClient, token []byte) (ending, bool) {
	var abandoned atomic.Bool
	done := start(d.calls, func() (struct{}, error) {
		err := c.TokenLogin(token)
		if abandoned.Load() {
			c.Disconnect() // nobody waits for this login any more
		}
		return struct{}{}, err
	})
	end, err := d.awaitLogin(ctx, done)
	if end != nil {
		abandoned.Store(true)
		return *end, false
	}
	return d.judgeLogin(c, err)
}

// awaitLogin waits until MiraiGo's login returned with err. With an ending it is not to be waited for.
func (d *Driver) awaitLogin(ctx context.Context, done <-chan outcome[struct{}]) (end *ending, err error) {
	expired := false
	for {
		select {
		case <-ctx.Done():
			return &ending{reason: "stopped"}, nil
		case words := <-d.signals.disconnected:
			if words != expiredWords {
				continue
			}
			if !d.signals.exchanged.Load() {
				// MiraiGo itself waits half a minute for an answer that was this one.
				return new(d.refused(words)), nil
			}
			// QQ took the token, and the session ended later: the next login can work. It must not begin while this one may
			// still send, for half a minute at most.
			expired = true
		case o := <-done:
			if expired {
				// MiraiGo does not look at most of what fails in a login, so it may believe that it worked.
				return nil, errors.New(expiredWords)
			}
			return nil, o.err
		}
	}
}

func (d *Driver) judgeLogin(c *client.QQClient, err error) (ending, bool) {
	if err != nil {
		d.logPanic("TokenLogin", err)
	}
	switch {
	case err == nil:
		// Nickname came with the login's answer; nobody else is at it yet.
		d.state.begin(protocol.Account{UserID: d.self(), Nickname: c.Nickname})
		return ending{}, true
	case strings.Contains(err.Error(), refusedWords):
		return d.refused(err.Error()), false
	case strings.Contains(err.Error(), kickedWords):
		return ending{reason: "another device took the session during the login", kicked: true}, false
	default:
		return ending{reason: "log in: " + err.Error(), kicked: d.signals.kicked.Load()}, false
	}
}

func (d *Driver) refused(words string) ending {
	path := filepath.Join(d.opts.Dir, tokenFile)
	err := fmt.Errorf("%w (%s); log in with another client and put its token into %s", errRefused, words, path)
	return ending{reason: err.Error(), fatal: err}
}

// keepToken stores the token that is valid from now on; the tickets in it change with every login.
func (d *Driver) keepToken(c *client.QQClient, before []byte) []byte {
	token := c.GenToken()
	if _, err := parseToken(token); err != nil {
		d.log.Error().Err(err).Msg("the token after the login is unusable; the one before is kept")
		return before
	}
	if err := writeFile(filepath.Join(d.opts.Dir, tokenFile), token); err != nil {
		d.log.Error().Err(err).Msg("the session token could not be stored; the next start may need a new one")
	}
	return token
}
