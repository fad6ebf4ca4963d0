-- What a business knows: a draft that changes, and versions that do not.
CREATE TABLE knowledge_bases (
    business    TEXT    NOT NULL,
    base        TEXT    NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 0,        -- of the draft; counted up with every change
    published   INTEGER,                           -- the version that new calls get
    PRIMARY KEY (business, base),
    FOREIGN KEY (business, base, published) REFERENCES knowledge_versions (business, base, number)
        DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE knowledge_drafts (
    business    TEXT    NOT NULL,
    base        TEXT    NOT NULL,
    entry       TEXT    NOT NULL,
    position    INTEGER NOT NULL,                  -- of the entry in the base
    json        TEXT    NOT NULL,
    PRIMARY KEY (business, base, entry),
    FOREIGN KEY (business, base) REFERENCES knowledge_bases (business, base)
) STRICT, WITHOUT ROWID;

CREATE INDEX knowledge_drafts_in_order ON knowledge_drafts (business, base, position);

-- Entries by their hash: a version that is brought back takes no room.
CREATE TABLE knowledge_contents (
    hash        TEXT    PRIMARY KEY NOT NULL,
    json        TEXT    NOT NULL
) STRICT;

CREATE TABLE knowledge_versions (
    business    TEXT    NOT NULL,
    base        TEXT    NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    hash        TEXT    NOT NULL REFERENCES knowledge_contents (hash),
    entries     INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,                  -- after the Unix epoch
    author      TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    origin      TEXT    NOT NULL CHECK (origin IN ('file', 'draft', 'rollback')),
    restores    INTEGER,                           -- the version that was brought back
    PRIMARY KEY (business, base, number),
    FOREIGN KEY (business, base) REFERENCES knowledge_bases (business, base)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER versions_do_not_change BEFORE UPDATE ON knowledge_versions
BEGIN
    SELECT RAISE(ABORT, 'a version of a knowledge base does not change');
END;

CREATE TRIGGER contents_do_not_change BEFORE UPDATE ON knowledge_contents
BEGIN
    SELECT RAISE(ABORT, 'a version of a knowledge base does not change');
END;

-- What became of each document.
CREATE TABLE knowledge_imports (
    id          INTEGER PRIMARY KEY,
    business    TEXT    NOT NULL,
    base        TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,
    author      TEXT    NOT NULL,
    revision    INTEGER NOT NULL,                  -- of the draft that it made
    report      TEXT    NOT NULL,
    FOREIGN KEY (business, base) REFERENCES knowledge_bases (business, base)
) STRICT;

-- Phrasings that were proposed for an entry; a struck one is not proposed again.
CREATE TABLE knowledge_proposals (
    business    TEXT    NOT NULL,
    base        TEXT    NOT NULL,
    entry       TEXT    NOT NULL,
    phrasing    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'accepted', 'struck')),
    PRIMARY KEY (business, base, entry, phrasing),
    FOREIGN KEY (business, base) REFERENCES knowledge_bases (business, base)
) STRICT, WITHOUT ROWID;
