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
	chat     protocol.Chat // that the action changes, if it names one
	permit   *permit       // nil unless the rate limit holds the action up
	turn     *turn         // nil for an action that changes no chat, or that has not passed the limit yet
}

// takeTurn queues the action in its chat, if it changes one.
func (j *job) takeTurn() {
	lanes := j.session.registry.lanes
	switch {
	case j.entry.chat != nil:
		j.turn = lanes.take(j.chat)
	case j.entry.find != nil:
		j.turn = lanes.takeOpen()
	}
}

func (j *job) call(ctx context.Context) []byte {
	if j.permit != nil {
		defer j.permit.leave()
	}
	defer func() {
		if j.turn != nil {
			j.turn.leave()
		}
	}()
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
	if j.permit != nil {
		if err := j.pass(ctx); err != nil {
			return nil, err
		}
	}
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

// pass waits for the rate limit, and only then takes the place in the chat: there it would hold up other endpoints.
func (j *job) pass(ctx context.Context) error {
	if err := j.permit.wait(ctx); err != nil {
		return &notBegunError{doing: "wait for the rate limit", why: "the endpoint's rate limit did not let it pass", cause: err}
	}
	j.takeTurn()
	j.permit.leave() // after the place is taken, so that the next one comes behind
	return nil
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
		return &notBegunError{doing: "wait for the turn in the chat", why: "earlier actions in this chat did not end", cause: err}
	}
	return nil
}
