package history

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

//go:embed schema.sql
var schema string

const (
	schemaVersion = 1
	// checkedSize is up to which file size in bytes the whole database is checked when it is opened: about half a second. In a
	// larger one damage shows when the writer meets it.
	checkedSize = 128 << 20
)

// errNotOurs marks a file that holds no message history, or not a whole one.
var errNotOurs = errors.New("not a message history")

// checkHeader looks at what SQLite would not report as damage, or not before it has read a schema that it may not know
// (offsets: https://www.sqlite.org/fileformat.html, 1.3). SQLite itself checks the rest.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var header [64]byte
	_, err = f.ReadAt(header[:], 0)
	if err := errors.Join(err, f.Close()); errors.Is(err, io.EOF) { // shorter than a header
		return nil
	} else if err != nil {
		return err
	}
	if !bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) {
		return nil
	}
	if err := checkVersion(int32(binary.BigEndian.Uint32(header[60:]))); err != nil {
		return err
	}
	// With a higher one of the first two SQLite takes the file for read-only; with the third it only says "error".
	if write, read, format := header[18], header[19], binary.BigEndian.Uint32(header[44:]); write > 2 || read > 2 || format > 4 {
		return fmt.Errorf("file format %d, %d, %d: %w", write, read, format, errNotOurs)
	}
	return nil
}

func checkVersion(version int32) error {
	if version > schemaVersion {
		return fmt.Errorf("%w: its version is %d, this program knows %d", ErrNewer, version, schemaVersion)
	}
	return nil
}

// prepareSchema creates the table in a new file and checks an old one.
func (d *database) prepareSchema(ctx context.Context, path string) error {
	var version int32
	var tables int
	if err := d.conn.QueryRowContext(ctx, `SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version`).
		Scan(&version, &tables); err != nil {
		return err
	}
	if version == 0 && tables == 0 {
		_, err := d.conn.ExecContext(ctx, fmt.Sprintf("BEGIN; %s; PRAGMA user_version = %d; COMMIT", schema, schemaVersion))
		return err
	}
	if err := checkVersion(version); err != nil { // the header in the file may be older than the one in the log
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("version %d: %w", version, errNotOurs)
	}
	if err := d.checkColumns(ctx); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > checkedSize {
		return err
	}
	var verdict string
	if err := d.conn.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%s: %w", verdict, errNotOurs)
	}
	return nil
}

// checkColumns finds all columns in the table; there may be others.
func (d *database) checkColumns(ctx context.Context) error {
	const present = `SELECT count(*) FROM pragma_table_info('messages') WHERE instr(', ' || ? || ', ', ', ' || name || ', ')`
	want, got := strings.Count(columns, ",")+1, 0
	if err := d.conn.QueryRowContext(ctx, present, columns).Scan(&got); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%d of %d columns: %w", got, want, errNotOurs)
	}
	return nil
}
