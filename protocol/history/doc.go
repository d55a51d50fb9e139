// Package history gives messages their OneBot message_id and remembers them.
//
// A message_id is a positive int32. It is given once, to one message, for the life of the data folder: ids are
// reserved in blocks in a side file (history.db.ids) before any of them is used, so neither a killed process nor a lost
// database makes an id come twice. While the database can be written, an id leaves [Store.Record] only after the message
// is committed, so every id that anybody ever saw resolves to the same message after the process was killed. (After a
// power cut the last moments before it may be missing: the database runs in WAL mode with synchronous=NORMAL. Their ids
// are not given again.)
//
// Messages lie in an SQLite database which users may open: segments in OneBot's array form, the sender in columns. One
// writer, [Store.Run], serves all callers of Record and puts what waits at the moment into one transaction. Reading
// goes beside it.
//
// Nothing is ever deleted: history.db grows without end, by about 150 bytes a message plus its text. To start anew, stop
// the program and remove history.db, history.db-wal and history.db-shm, but leave history.db.ids, so that ids which bots
// remember are not given to other messages.
//
// Some messages are known only from others: somebody quotes or recalls what was said before the account's time. These
// get a stand-in row holding what is known, so that their id resolves; when the message itself turns up later, it takes
// the row and the id over.
//
// The store does not stop the program. A damaged database is set aside (history.db.damaged-<time>) and a new one begun.
// While the folder cannot be written (disk full, read-only), the newest messages are kept in memory, bounded; they are
// written when that works again, and a process that is killed before that loses them. If neither the database nor the
// side file could be read, ids go on from 2^30, and a message whose id turns out to be taken is lost rather than the
// older one. Each of these states is logged once when it begins and once when it ends. Refused is only a folder that
// another process holds ([ErrInUse]) and a database that a newer version of this program made ([ErrNewer]).
//
// main opens the store, runs Run and ends it last, after everybody who records. events and actions call the rest.
package history
