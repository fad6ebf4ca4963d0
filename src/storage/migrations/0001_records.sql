-- One row a call, written with its first event.
CREATE TABLE calls (
    id          TEXT    PRIMARY KEY NOT NULL,      -- UUID version 7, 32 hexadecimal digits: sorts by start
    business    TEXT,
    line        TEXT,
    dialled     TEXT    NOT NULL,
    started_ms  INTEGER NOT NULL,                  -- after the Unix epoch
    ended_ms    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_line ON calls (line, id);
CREATE INDEX calls_open ON calls (id) WHERE ended_ms IS NULL;

-- What happened. `record` holds the hash of the sealed personal data, so erasing `personal` and `salt` keeps the chain valid.
CREATE TABLE events (
    call        TEXT    NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    at_us       INTEGER NOT NULL CHECK (at_us >= 0),
    record      TEXT    NOT NULL,                  -- the event without its personal fields
    personal    TEXT,                              -- the personal fields; NULL when there are none or they were erased
    salt        BLOB,                              -- makes the seal useless for guessing what was erased
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

-- What the conversation was told, for replay.
CREATE TABLE inputs (
    call        TEXT    NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    at_us       INTEGER NOT NULL CHECK (at_us >= 0),
    json        TEXT    NOT NULL,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

-- Billing records: one a call, ever.
CREATE TABLE cdrs (
    call        TEXT    PRIMARY KEY NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    json        TEXT    NOT NULL,
    chain_head  BLOB    NOT NULL CHECK (length(chain_head) = 32),  -- hash of the last event: a cut tail shows
    closed_ms   INTEGER NOT NULL                   -- when it was written; later than the end for calls found open at a start
) STRICT, WITHOUT ROWID;

CREATE TABLE recordings (
    call        TEXT    PRIMARY KEY NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    file        TEXT    NOT NULL,
    offset_ms   INTEGER NOT NULL,                  -- of sample 0 in the call
    samples     INTEGER,                           -- a channel; NULL while it is being written
    sha256      TEXT
) STRICT, WITHOUT ROWID;

CREATE TRIGGER nothing_follows_the_end BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM cdrs WHERE call = NEW.call)
BEGIN
    SELECT RAISE(ABORT, 'the call is closed');
END;
