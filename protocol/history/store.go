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
	// ErrNewer says that the database holds a later form of the history than this program knows.
	ErrNewer = errors.New("the message history was made by a newer echogate")
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
	closed   chan struct{} // closed when Run has stored all it will; the database is closed after it

	// The database in use; nil while none can be opened. Only the writer stores it.
	db      atomic.Pointer[database]
	overlay *overlay
	writer  writer // owned by Open, then by Run

	pause func() <-chan time.Time // ends the pause before the next attempt to write again; tests end it themselves
}

// Open takes hold of the history at path, a file name such as data/history.db; beside it lie history.db.ids,
// history.db.lock and SQLite's own files. The folder must exist. The only failures are [ErrInUse], [ErrNewer] and an
// ended ctx: everything else is logged and lived with, as the package documentation says. [Store.Run] lets go of the files.
func Open(ctx context.Context, path string, log zerolog.Logger) (*Store, error) {
	s := &Store{
		path:     path,
		log:      log,
		requests: make(chan *request, queueLength),
		closed:   make(chan struct{}),
		overlay:  newOverlay(),

		pause: func() <-chan time.Time { return time.After(retryEvery) },
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
		if ctx.Err() != nil || errors.Is(err, ErrNewer) {
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
	if s.isClosed() {
		return nil, ErrClosed
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

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Get returns the message with this id. A stand-in is returned with what is known of it. Errors: an id that was never
// given is a [*protocol.NotFoundError]; [ErrClosed]; ctx ended; the database cannot be read.
func (s *Store) Get(ctx context.Context, id int32) (protocol.Message, error) {
	if s.isClosed() {
		return protocol.Message{}, ErrClosed
	}
	if r, ok := s.overlay.get(id); ok {
		return r.message()
	}
	if db := s.db.Load(); db != nil {
		r, ok, err := db.getRow(ctx, id)
		if err != nil {
			return protocol.Message{}, s.readError(fmt.Errorf("read message %d: %w", id, err))
		}
		if ok {
			return r.message()
		}
	}
	return protocol.Message{}, &protocol.NotFoundError{Kind: protocol.KindMessage, ID: int64(id)}
}

// LastSeq returns the highest seq among the stored messages of a chat, 0 when there is none. Messages that are known
// from a quote or a recall only do not count. Errors: [ErrClosed], ctx ended, the database cannot be read.
func (s *Store) LastSeq(ctx context.Context, chat protocol.Chat) (uint32, error) {
	if s.isClosed() {
		return 0, ErrClosed
	}
	last := s.overlay.lastSeqOf(chat)
	if db := s.db.Load(); db != nil {
		stored, err := db.lastSeqOf(ctx, chat)
		if err != nil {
			return 0, s.readError(fmt.Errorf("read last seq of %v: %w", chat, err))
		}
		last = max(last, stored)
	}
	return last, nil
}

// readError is err, or [ErrClosed] when the database was closed under the reader.
func (s *Store) readError(err error) error {
	if s.isClosed() {
		return ErrClosed
	}
	return err
}
