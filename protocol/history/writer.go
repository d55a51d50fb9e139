package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"echogate/protocol"
)

const (
	// batchMessages is about how many messages share a transaction at most.
	batchMessages = 1024
	// retryEvery is the pause between attempts to write again after the database could not be written.
	retryEvery = 5 * time.Second
)

// request is one call of Record or Resolve.
type request struct {
	msgs    []protocol.Message // as handed in; never changed
	standIn bool
	stored  []protocol.Message // msgs with replies completed
	ids     []int32
	err     error
	done    chan struct{} // closed when ids or err is set
}

// writer is the state of Run.
type writer struct {
	ids      *allocator
	degraded error // why the newest messages are in the overlay only; nil when they are not
}

// Run is the one writer. It returns when ctx has ended, after what had been handed over by then is committed and all
// files are closed. It is called once.
func (s *Store) Run(ctx context.Context) error {
	forever := context.WithoutCancel(ctx)
	var retry <-chan time.Time
	for {
		if s.writer.degraded != nil && retry == nil {
			retry = s.pause()
		}
		select {
		case r := <-s.requests:
			s.serve(forever, s.gather(r))
		case <-retry:
			retry = nil
			s.restore(forever)
		case <-ctx.Done():
			return s.shutDown(forever)
		}
	}
}

// gather adds what else is waiting, up to a batch.
func (s *Store) gather(first *request) []*request {
	batch, messages := []*request{first}, len(first.msgs)
	for messages < batchMessages {
		select {
		case r := <-s.requests:
			batch = append(batch, r)
			messages += len(r.msgs)
		default:
			return batch
		}
	}
	return batch
}

// serve stores a batch and answers it.
func (s *Store) serve(ctx context.Context, batch []*request) {
	if s.writer.degraded == nil {
		err := s.write(ctx, batch)
		if isDamage(err) {
			if err = s.replaceDatabase(ctx, err); err == nil {
				err = s.write(ctx, batch)
			}
		}
		if err != nil {
			s.degrade(err)
		}
	}
	var err error
	if s.writer.degraded != nil {
		err = s.place(ctx, memory{s.overlay, s.db.Load()}, batch)
	}
	for _, r := range batch {
		if err != nil {
			r.ids, r.err = nil, err
		}
		close(r.done)
	}
}

func (s *Store) write(ctx context.Context, batch []*request) error {
	return s.db.Load().transact(ctx, func(tx rows) error { return s.place(ctx, tx, batch) })
}

// place files the messages of a batch. A request that is impossible by itself gets its error; an error of the rows ends
// the whole.
func (s *Store) place(ctx context.Context, to rows, batch []*request) error {
	p := placer{to, s.writer.ids}
	for _, r := range batch {
		// From the start at every attempt: ids of a transaction that was rolled back are void.
		r.stored, r.ids, r.err = slices.Clone(r.msgs), make([]int32, len(r.msgs)), nil
		for i := range r.stored {
			id, err := p.place(ctx, &r.stored[i], r.standIn)
			if errors.Is(err, ErrExhausted) {
				r.ids, r.err = nil, err
				break
			}
			if err != nil {
				return err
			}
			r.ids[i] = id
		}
	}
	return nil
}

// degrade begins to keep messages in memory.
func (s *Store) degrade(err error) {
	// That it is a newer one may turn out later, and needs other help.
	if before := s.writer.degraded; before == nil || errors.Is(err, ErrNewer) && !errors.Is(before, ErrNewer) {
		s.log.Error().Err(err).Msg("history: the database cannot be written; the newest messages are kept in memory only")
	}
	s.writer.degraded = err
}

// restore writes what is in memory, if that is possible again.
func (s *Store) restore(ctx context.Context) {
	var err error
	if s.db.Load() == nil {
		err = s.openDatabase(ctx)
	}
	kept, lost := s.overlay.content()
	written := 0
	if err == nil {
		written, err = s.db.Load().putAll(ctx, kept)
	}
	if isDamage(err) {
		// The next attempt writes to the new file.
		err = errors.Join(err, s.replaceDatabase(ctx, err))
	}
	if err != nil {
		s.degrade(err)
		return
	}
	s.overlay.clear()
	s.writer.degraded = nil
	s.log.Info().Int("written", written).Int("lost", lost+len(kept)-written).Msg("history: the database is written again")
}

// openDatabase opens the file, setting a damaged one aside, and makes sure that no id of it is given out again.
func (s *Store) openDatabase(ctx context.Context) error {
	db, err := openDatabase(ctx, s.path)
	known := err == nil // the highest id that was stored
	if err != nil && ctx.Err() == nil && isDamage(err) {
		if err = s.setAside(err); err == nil {
			db, err = openDatabase(ctx, s.path)
		}
	}
	if errors.Is(err, ErrNewer) && s.writer.ids == nil {
		return err // Open refuses it
	}
	var floor int32
	if err == nil {
		s.db.Store(db)
		floor = db.maxID
	}
	if s.writer.ids == nil {
		s.writer.ids = openAllocator(s.path+".ids", floor, known, s.log)
	}
	s.writer.ids.last = max(s.writer.ids.last, floor)
	return err
}

// replaceDatabase starts a new file in the place of a damaged one.
func (s *Store) replaceDatabase(ctx context.Context, damage error) error {
	if db := s.db.Swap(nil); db != nil {
		// A reader that is under way gets an error once; that the file is damaged is logged below.
		_ = db.close()
	}
	if err := s.setAside(damage); err != nil {
		return err
	}
	return s.openDatabase(ctx)
}

// setAside renames the database and what belongs to it: the log first, because a new database must not find it.
func (s *Store) setAside(damage error) error {
	aside := s.path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	s.log.Error().Err(damage).Str("kept_as", aside).Msg("history: the database is damaged; earlier messages are forgotten")
	for _, part := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(s.path+part, aside+part); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("set damaged database aside: %w", err)
		}
	}
	return nil
}

func (s *Store) shutDown(ctx context.Context) error {
	for {
		select {
		case r := <-s.requests:
			s.serve(ctx, s.gather(r))
			continue
		default:
		}
		break
	}
	if s.writer.degraded != nil {
		s.restore(ctx)
	}
	if s.writer.degraded != nil {
		kept, dropped := s.overlay.content()
		s.log.Error().Int("lost", len(kept)+dropped).Msg("history: messages were never written")
	}
	close(s.closed) // before the database, so that readers can tell why they fail
	err := s.writer.ids.close()
	if db := s.db.Load(); db != nil {
		err = errors.Join(err, db.close())
	}
	s.lock.release()
	if err != nil {
		return fmt.Errorf("close history: %w", err)
	}
	return nil
}

// memory keeps rows in the overlay, and still knows what the database holds as far as that can be read.
type memory struct {
	overlay *overlay
	db      *database
}

func (m memory) lookup(ctx context.Context, ref protocol.Ref) ([]candidate, error) {
	found := m.overlay.candidates(ref)
	if m.db == nil {
		return found, nil
	}
	stored, err := m.db.candidates(ctx, ref)
	if err != nil {
		// Unreadable as well as unwritable: the message counts as new.
		return found, nil //nolint:nilerr // see above
	}
	return append(found, stored...), nil
}

func (m memory) put(_ context.Context, r row) error {
	m.overlay.put(r)
	return nil
}
