-- The account's resources: clients, addresses, documents, checks.

CREATE TABLE resource (
    num        INTEGER PRIMARY KEY,        -- the order of recording
    env        INTEGER NOT NULL,
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    id         BLOB NOT NULL CHECK (length(id) = 12),
    owner      INTEGER,                    -- of an address or a document: its client's num
    version    INTEGER NOT NULL,           -- 1, and one more with each update
    due_at     INTEGER,                    -- when somebody has to see to it
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body       BLOB NOT NULL,              -- JSON, as it is answered
    CHECK (owner IS NULL OR kind IN (1, 2))
) STRICT;

CREATE UNIQUE INDEX resource_id ON resource (env, kind, id);
-- Lists go along this one; the times are there so that a filter by them reads no rows.
CREATE INDEX resource_list ON resource (env, kind, num, created_at, updated_at);
CREATE INDEX resource_created ON resource (env, kind, created_at);
CREATE INDEX resource_updated ON resource (env, kind, updated_at);
CREATE INDEX resource_owner ON resource (owner, num) WHERE owner IS NOT NULL;
CREATE INDEX resource_due ON resource (due_at, num) WHERE due_at IS NOT NULL;

-- What lists find a resource by: each attribute as one word, the digest of environment, kind, path
-- and value. An inverted index, since with a B-tree each new client would write a page for each
-- attribute: measured at 1,000,000 clients, a tenth of the rate (docs/adr/0011).
CREATE VIRTUAL TABLE resource_word USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
-- Segments are merged by eight instead of by four: less is written again, for searches that look
-- into a few more of them.
INSERT INTO resource_word (resource_word, rank) VALUES ('automerge', 8);

-- How many resources an environment has of each kind (word ''), and of each with an attribute that
-- has few values (word 'type=person'), so that a list knows its length.
CREATE TABLE resource_tally (
    env   INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    word  TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (env, kind, word)
) WITHOUT ROWID, STRICT;

CREATE TABLE image (
    document INTEGER NOT NULL,             -- resource.num
    side     INTEGER NOT NULL CHECK (side IN (0, 1)),
    data     BLOB NOT NULL,
    PRIMARY KEY (document, side)
) STRICT;
