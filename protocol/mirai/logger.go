package mirai

import (
	"fmt"
	"strings"

	"github.com/Mrs4s/MiraiGo/client"
	"github.com/rs/zerolog"
)

// Pushes that the driver watches for (MiraiGo client/client.go, decoders).
const (
	groupMessagePush   = "OnlinePush.PbPushGroupMsg"
	privateMessagePush = "MessageSvc.PushNotify"
	forceOfflinePush   = "MessageSvc.PushForceOffline"
	offlinePush        = "StatSvc.ReqMSFOffline"
)

// tokenExchange is the command that offers QQ the token, the first of a login (MiraiGo client/builders.go). A frame
// that says that the session has expired gets no line, so a line means that QQ looked at the token.
const tokenExchange = "wtlogin.exchange_emp"

// packetLine is the format of the line that MiraiGo's read loop logs before it handles a packet (client/network.go,
// netLoop). It is the only sign of that loop, and the loop waits for its logger.
const packetLine = "rev pkt: %v seq: %v"

// logger writes MiraiGo's log lines to ours, one level lower than they are marked: what is an error to a library is
// the driver's to judge.
type logger struct {
	log     zerolog.Logger
	gate    *gate
	signals *signals
	// outage tells whether the account is offline and the log says so: the library then complains with every try.
	outage func() bool
}

var _ client.Logger = (*logger)(nil)

func (l *logger) Info(format string, args ...any)    { l.write(zerolog.DebugLevel, format, args) }
func (l *logger) Warning(format string, args ...any) { l.write(zerolog.InfoLevel, format, args) }

func (l *logger) Error(format string, args ...any) {
	level := zerolog.WarnLevel
	if l.outage() {
		level = zerolog.DebugLevel
	}
	l.write(level, format, args)
}

func (l *logger) Debug(format string, args ...any) {
	if format == packetLine && len(args) > 0 {
		switch args[0] {
		case groupMessagePush, privateMessagePush:
			l.gate.arrived(args[0] == groupMessagePush)
		case forceOfflinePush, offlinePush:
			l.signals.kicked.Store(true)
		case tokenExchange:
			l.signals.exchanged.Store(true)
		}
	}
	l.write(zerolog.TraceLevel, format, args)
}

// Dump is called with packets that could not be decoded. They may hold messages, which do not belong in a log.
func (l *logger) Dump(dumped []byte, _ string, _ ...any) {
	l.log.Debug().Int("bytes", len(dumped)).Str("library", "MiraiGo").Msg("a packet could not be decoded")
}

func (l *logger) write(level zerolog.Level, format string, args []any) {
	if e := l.log.WithLevel(level); e.Enabled() {
		e.Str("library", "MiraiGo").Msg(strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
