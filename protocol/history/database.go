package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"echogate/protocol"
)

const readers = 4 // connections that read

// Columns of a message, as put writes and get reads them.
const columns = `id, chat_kind, chat_id, via, sender, seq, random, time, self, nickname, card, role, title, level, stand_in, body, quote`

const (
	putSQL    = `INSERT OR REPLACE INTO messages (` + columns + `) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
	getSQL    = `SELECT ` + columns + ` FROM messages WHERE id = ?`
	lookupSQL = `SELECT id, sender, random, time, stand_in FROM messages
		WHERE chat_kind = ? AND chat_id = ? AND via = ? AND seq = ? ORDER BY id DESC LIMIT 64`
	lastSeqSQL = `SELECT seq FROM messages WHERE chat_id = ? AND chat_kind = ? AND via = ? AND stand_in = 0 ORDER BY seq DESC LIMIT 1`
)

// database is an open history database: one connection that writes, and some that read beside it.
type database struct {
	write, read *sql.DB
	conn        *sql.Conn // the only one of write; used by the writer alone
	put, lookup *sql.Stmt // of conn
	maxID       int32     // highest id when it was opened

	get, find, lastSeq *sql.Stmt // of read
}

// preparer is a connection, or a pool of them.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// openDatabase opens or creates the file. Whatever is wrong with it, [isDamage] tells whether it can be mended by
// starting anew.
func openDatabase(ctx context.Context, path string) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open message database: %w", err), d.close())
		}
	}()
	if err = checkHeader(path); err != nil {
		return nil, err
	}
	if err = createPrivate(path); err != nil {
		return nil, err
	}
	if d.write, err = openPool(path, 1, "busy_timeout(2000)", "journal_mode(wal)", "synchronous(normal)",
		"cache_size(-8000)", "journal_size_limit(16777216)"); err != nil {
		return nil, err
	}
	if d.conn, err = d.write.Conn(ctx); err != nil {
		return nil, err
	}
	if err = d.prepareSchema(ctx, path); err != nil {
		return nil, err
	}
	if err = d.conn.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM messages`).Scan(&d.maxID); err != nil {
		return nil, err
	}
	if d.read, err = openPool(path, readers, "busy_timeout(2000)", "query_only(1)"); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		to  **sql.Stmt
		on  preparer
		sql string
	}{
		{&d.put, d.conn, putSQL},
		{&d.lookup, d.conn, lookupSQL},
		{&d.get, d.read, getSQL},
		{&d.find, d.read, lookupSQL},
		{&d.lastSeq, d.read, lastSeqSQL},
	} {
		if *p.to, err = p.on.PrepareContext(ctx, p.sql); err != nil { //nolint:sqlclosecheck // database.close does it
			return nil, err
		}
	}
	return d, nil
}

// createPrivate makes the file for its owner alone, if it is not there. SQLite gives its companions the same permissions.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func openPool(path string, connections int, pragmas ...string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// A URI keeps '?' and '%' in folder names apart from parameters; on Windows it is file:///C:/...
	name := url.URL{
		Scheme:   "file",
		Path:     "/" + strings.TrimPrefix(filepath.ToSlash(absolute), "/"),
		RawQuery: url.Values{"_pragma": pragmas}.Encode(),
	}
	pool, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

func (d *database) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{d.put, d.lookup, d.get, d.find, d.lastSeq} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// isDamage tells an unusable file from a disk or a folder that is unusable at the moment.
func isDamage(err error) bool {
	switch errorCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	default:
		return errors.Is(err, errNotOurs)
	}
}

// errorCode is SQLite's primary result code, 0 when err is not SQLite's.
func errorCode(err error) int {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0
	}
	return e.Code() & 0xff // the upper bits hold details
}

// getRow reads one message.
func (d *database) getRow(ctx context.Context, id int32) (r row, found bool, err error) {
	err = d.get.QueryRowContext(ctx, id).Scan(&r.id, &r.ref.Chat.Kind, &r.ref.Chat.ID, &r.ref.Chat.Via, &r.ref.Sender, &r.ref.Seq,
		&r.ref.Random, &r.ref.Time, &r.self, &r.sender.Nickname, &r.sender.Card, &r.sender.Role, &r.sender.Title, &r.sender.Level,
		&r.standIn, &r.body, &r.quote)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	r.sender.UserID = r.ref.Sender
	return r, err == nil, err
}

// lastSeqOf returns the highest seq of a chat's messages, stand-ins aside; 0 when there is none.
func (d *database) lastSeqOf(ctx context.Context, chat protocol.Chat) (seq uint32, err error) {
	err = d.lastSeq.QueryRowContext(ctx, chat.ID, chat.Kind, chat.Via).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// candidates is rows.lookup for readers.
func (d *database) candidates(ctx context.Context, ref protocol.Ref) ([]candidate, error) {
	return queryCandidates(ctx, d.find, ref)
}

func queryCandidates(ctx context.Context, stmt *sql.Stmt, ref protocol.Ref) (found []candidate, err error) {
	result, err := stmt.QueryContext(ctx, ref.Chat.Kind, ref.Chat.ID, ref.Chat.Via, ref.Seq)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	for result.Next() {
		var c candidate
		if err := result.Scan(&c.id, &c.sender, &c.random, &c.time, &c.standIn); err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, result.Err()
}

// transaction writes rows to the database. It implements rows.
type transaction struct{ db *database }

func (t transaction) lookup(ctx context.Context, ref protocol.Ref) ([]candidate, error) {
	return queryCandidates(ctx, t.db.lookup, ref)
}

func (t transaction) put(ctx context.Context, r row) error {
	_, err := t.db.put.ExecContext(ctx, r.id, r.ref.Chat.Kind, r.ref.Chat.ID, r.ref.Chat.Via, r.ref.Sender, r.ref.Seq,
		r.ref.Random, r.ref.Time, r.self, r.sender.Nickname, r.sender.Card, r.sender.Role, r.sender.Title, r.sender.Level,
		r.standIn, r.body, r.quote)
	return err
}

// transact runs f within one transaction and commits it; on any error nothing is written.
func (d *database) transact(ctx context.Context, f func(rows) error) error {
	if _, err := d.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := f(transaction{d})
	if err == nil {
		if _, err = d.conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// This fails where SQLite rolled back by itself, as it does on some errors. A transaction that should be open all the
	// same makes the next BEGIN fail, which is reported.
	_, _ = d.conn.ExecContext(ctx, "ROLLBACK")
	return err
}

// putAll writes rows that were kept in memory and returns how many. One whose id belongs to another message is left out:
// ids may have been given out without knowing which the database holds.
func (d *database) putAll(ctx context.Context, kept []row) (written int, err error) {
	err = d.transact(ctx, func(tx rows) error {
		for _, r := range kept {
			old, found, err := d.getRow(ctx, r.id)
			if err != nil {
				return err
			}
			if found && !old.isOf(r.ref) {
				continue
			}
			if err := tx.put(ctx, r); err != nil {
				return err
			}
			written++
		}
		return nil
	})
	return written, err
}
