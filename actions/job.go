package actions

import (
	"context"
	"time"

	"echogate/protocol"
)

// job is one accepted frame on its way to its answer.
type job struct {
	session  *Session
	entry    *entry
	params   any
	echo     []byte
	size     int64 // of the frame, in bytes
	deadline time.Time
	turn     *turn // nil for an action that changes no chat
}

func (j *job) call(ctx context.Context) []byte {
	if j.turn != nil {
		j.turn.claim()
		defer j.turn.leave()
	}
	if err := j.session.admit(j.size); err != nil {
		return failure(j.echo, err)
	}
	defer j.session.release(j.size)
	began := time.Now()
	answer, err := j.answer(ctx)
	log := j.session.log.Debug()
	if isInternal(err) {
		log = j.session.log.Error()
	}
	log.Str("action", j.entry.name).Dur("took", time.Since(began)).AnErr("error", err).Msg("action")
	if err != nil {
		return failure(j.echo, err)
	}
	return answer
}

// answer runs the action and encodes its data. Whatever panics in it, also in encoding, is an error.
func (j *job) answer(ctx context.Context) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, j.session.panicked("action "+j.entry.name, p)
		}
	}()
	data, err := j.run(ctx)
	if err != nil {
		return nil, err
	}
	return success(j.echo, data)
}

func (j *job) run(ctx context.Context) (any, error) {
	r := j.session.registry
	if j.entry.needs.has != nil && !j.entry.needs.has(r.options.Driver) {
		return nil, protocol.ErrUnsupported
	}
	ctx, cancel := context.WithDeadline(ctx, j.deadline)
	defer cancel()
	c := &caller{Options: j.session.options, registry: r, permit: j.session.permit, format: j.session.format}
	if j.turn != nil {
		if err := j.await(ctx, c); err != nil {
			return nil, err
		}
		var done context.CancelFunc
		ctx, done = context.WithDeadline(context.WithoutCancel(ctx), j.deadline)
		defer done()
	}
	return j.entry.run(ctx, c, j.params)
}

// await waits until the action may change its chat.
func (j *job) await(ctx context.Context, c *caller) error {
	if j.entry.find != nil {
		chat, err := j.entry.find(ctx, c, j.params)
		if err != nil {
			return err
		}
		j.turn.settle(chat)
	}
	if err := j.turn.wait(ctx); err != nil {
		return &notBegunError{cause: err}
	}
	return nil
}
