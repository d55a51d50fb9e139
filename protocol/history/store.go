package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"echogate/protocol"
)

var (
	// ErrInUse says that another process holds the data folder.
	ErrInUse = errors.New("another process uses this data folder")
	// ErrClosed says that Run has ended.
	ErrClosed = errors.New("the message history is closed")
	// ErrExhausted says that all 2^31-1 message ids were given out.
	ErrExhausted = errors.New("message ids are used up; start with a new data folder")
)

// queueLength is how many Record calls may wait for the writer; further ones wait in the call itself.
const queueLength = 256

// Store is the message history of one data folder. Open one with [Open].
type Store struct {
	path     string
	log      zerolog.Logger
	lock     *fileLock // nil where the folder cannot be written
	requests chan *request
	closed   chan struct{} // closed when Run has ended

	// The database in use; nil while none can be opened. Only the writer stores it.
	db      atomic.Pointer[database]
	overlay *overlay
	writer  writer // owned by Open, then by Run

	retryEvery time.Duration // pause between attempts to write again; tests shorten it
}

// Open takes hold of the history at path, a file name such as data/history.db; beside it lie history.db.ids,
// history.db.lock and SQLite's own files. The folder must exist. The only failures are [ErrInUse] and an ended ctx:
// everything else is logged and lived with, as the package documentation says. [Store.Run] lets go of the files.
func Open(ctx context.Context, path string, log zerolog.Logger) (*Store, error) {
	s := &Store{
		path:     path,
		log:      log,
		requests: make(chan *request, queueLength),
		closed:   make(chan struct{}),
		overlay:  newOverlay(),

		retryEvery: retryEvery,
	}
	lock, err := lockFile(path + ".lock")
	switch {
	case errors.Is(err, ErrInUse):
		return nil, fmt.Errorf("open history %s: %w", path, err)
	case err != nil:
		log.Error().Err(err).Msg("history: the folder cannot be locked")
	}
	s.lock = lock
	if err := s.openDatabase(ctx); err != nil {
		if ctx.Err() != nil {
			lock.release()
			return nil, fmt.Errorf("open history %s: %w", path, err)
		}
		s.degrade(err)
	}
	return s, nil
}

// Record gives each message its message_id, in order, and stores it. A message that is known already (same chat,
// sender, seq and random; random 0 matches any) keeps its id and is stored once. It returns after everything is
// committed.
//
// Reply segments that do not know their ID get it from Quote: msgs[i].Body is then replaced by a copy, the segments
// handed in are not touched. A quoted message that was never seen is given an id and a stand-in.
//
// Errors: ctx ended (the messages may be stored or not), [ErrClosed], [ErrExhausted].
func (s *Store) Record(ctx context.Context, msgs []protocol.Message) ([]int32, error) {
	return s.ask(ctx, &request{msgs: msgs})
}

// Resolve returns the message_id of each named message. One that was never seen gets an id and a stand-in without a
// body, so that it can be spoken of. Errors as with Record.
func (s *Store) Resolve(ctx context.Context, refs []protocol.Ref) ([]int32, error) {
	msgs := make([]protocol.Message, len(refs))
	for i, r := range refs {
		msgs[i] = protocol.Message{Ref: r, Sender: protocol.Sender{UserID: r.Sender}}
	}
	return s.ask(ctx, &request{msgs: msgs, standIn: true})
}

func (s *Store) ask(ctx context.Context, r *request) ([]int32, error) {
	if len(r.msgs) == 0 {
		return nil, nil
	}
	// The writer works on its own copy: a caller whose ctx ends may use its slice again at once.
	own := *r
	own.msgs = slices.Clone(r.msgs)
	own.done = make(chan struct{})
	select {
	case <-s.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case s.requests <- &own:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		return nil, ErrClosed
	}
	select {
	case <-own.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		select {
		case <-own.done:
		default:
			return nil, ErrClosed
		}
	}
	copy(r.msgs, own.stored)
	return own.ids, own.err
}

// Get returns the message with this id. A stand-in is returned with what is known of it. An id that was never given is
// a [*protocol.NotFoundError].
func (s *Store) Get(ctx context.Context, id int32) (protocol.Message, error) {
	if r, ok := s.overlay.get(id); ok {
		return r.message()
	}
	if db := s.db.Load(); db != nil {
		r, ok, err := db.getRow(ctx, id)
		if err != nil {
			return protocol.Message{}, fmt.Errorf("read message %d: %w", id, err)
		}
		if ok {
			return r.message()
		}
	}
	return protocol.Message{}, &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(id)}
}

// Find returns the id of the message that ref names: the newest one that fits, where Random 0 and Sender 0 mean any. In
// private chats, where seqs come again, a message without the same Random must also lie within a day of ref.Time. What is
// not known is a [*protocol.NotFoundError].
func (s *Store) Find(ctx context.Context, ref protocol.Ref) (int32, error) {
	found := s.overlay.candidates(ref)
	if db := s.db.Load(); db != nil {
		stored, err := db.candidates(ctx, ref)
		if err != nil {
			return 0, fmt.Errorf("look up message %d in %v: %w", ref.Seq, ref.Chat, err)
		}
		found = append(found, stored...)
	}
	if c, ok := match(ref, found); ok {
		return c.id, nil
	}
	return 0, &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(ref.Seq)}
}
