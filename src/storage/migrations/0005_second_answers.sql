-- Two questions of one utterance are two answers of one decision.

CREATE TABLE answers_of_decisions (
    call        TEXT    NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,                  -- the record of the decision
    business    TEXT    NOT NULL,
    line        TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,                  -- after the Unix epoch
    entry       TEXT    NOT NULL,
    score       REAL    NOT NULL,
    version     TEXT    NOT NULL,
    sign        TEXT,                              -- how it showed that it did not help
    PRIMARY KEY (call, seq, entry)
) STRICT, WITHOUT ROWID;

INSERT INTO answers_of_decisions SELECT call, seq, business, line, at_ms, entry, score, version, sign FROM answers_given;
DROP TABLE answers_given;
ALTER TABLE answers_of_decisions RENAME TO answers_given;
CREATE INDEX answers_given_by_entry ON answers_given (business, line, entry);
