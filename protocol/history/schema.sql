-- Every message that has a message_id. The columns are documented in protocol.Message and protocol.Ref.
CREATE TABLE messages (
    id        INTEGER PRIMARY KEY, -- OneBot message_id
    chat_kind INTEGER NOT NULL,    -- 1 private, 2 group, 3 temporary
    chat_id   INTEGER NOT NULL,    -- the peer's QQ number, or the group's number
    via       INTEGER NOT NULL,    -- temporary chats: the group both are in
    sender    INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    random    INTEGER NOT NULL,
    time      INTEGER NOT NULL,    -- Unix seconds
    self      INTEGER NOT NULL,    -- 1: said by the account itself
    nickname  TEXT    NOT NULL,
    card      TEXT    NOT NULL,
    role      INTEGER NOT NULL,    -- 0 member, 1 admin, 2 owner
    title     TEXT    NOT NULL,
    level     INTEGER NOT NULL,
    stand_in  INTEGER NOT NULL,    -- 1: known from a quote or a recall only
    body      TEXT    NOT NULL,    -- segments, OneBot array form
    quote     TEXT    NOT NULL     -- what the reply segment quotes, as JSON; '' when there is none
) STRICT;

-- Not unique: a message that came again while the database could not be read has two ids, and both must resolve.
CREATE INDEX message_places ON messages (chat_id, seq, chat_kind, via);
