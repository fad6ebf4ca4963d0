-- What calls teach. A call is learned from once, after it was closed; erasing its personal data takes its lessons away.
ALTER TABLE cdrs ADD COLUMN learned INTEGER NOT NULL DEFAULT 0 CHECK (learned IN (0, 1));

CREATE INDEX cdrs_not_learned ON cdrs (call) WHERE learned = 0;

-- Questions that were not answered, or not to the caller's satisfaction.
CREATE TABLE lessons (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that what somebody looks at does not become another
    call        TEXT    NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,                  -- the record of the question
    utterance   INTEGER,
    business    TEXT    NOT NULL,
    line        TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,                  -- after the Unix epoch
    kind        TEXT    NOT NULL CHECK (kind IN ('unanswered', 'clarified', 'unsure', 'not_helpful')),
    chosen      TEXT,                              -- of a clarified question: the entry
    sign        TEXT    CHECK ((kind = 'not_helpful') = (sign IS NOT NULL)),
    question    TEXT    NOT NULL,                  -- masked
    entry       TEXT,                              -- the nearest
    entry_question TEXT,
    score       REAL,
    version     TEXT    NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'entry', 'phrasing', 'dismissed')),
    taken_as    TEXT,                              -- the entry that it became or that it became a phrasing of
    settled_by  TEXT,
    settled_ms  INTEGER,
    UNIQUE (call, seq)
) STRICT;

CREATE INDEX lessons_open ON lessons (business, line, id) WHERE state = 'open';

-- Every answer that a caller began to hear. Says nothing about a person, so it stays when personal data is erased.
CREATE TABLE answers_given (
    call        TEXT    NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,                  -- the record of the decision
    business    TEXT    NOT NULL,
    line        TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,                  -- after the Unix epoch
    entry       TEXT    NOT NULL,
    score       REAL    NOT NULL,
    version     TEXT    NOT NULL,
    sign        TEXT,                              -- how it showed that it did not help
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_given_by_entry ON answers_given (business, line, entry);
