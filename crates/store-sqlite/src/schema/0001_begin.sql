-- The first schema. Times are milliseconds since 1970 (UTC). Ids are the 12 bytes of an ObjectId.
-- `env` is an environment: twice its account's num, plus 1 for live. Every hot key leads with it.
--
-- The hot tables (event, delivery, attempt) have no foreign keys: the one writer inserts parent
-- and children in one transaction, and a look-up for each would be paid by every delivery.

-- What has no table of its own.
CREATE TABLE meta (
    -- 'time': what the clock showed when it was last noted; 'last_expired': the largest event.seq
    -- that retention removed; 'fresh_from': no event
    -- before it has a delivery that is pending without being due; 'probes': how often somebody asked whether a commit works
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE account (
    num        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    id         BLOB PRIMARY KEY CHECK (length(id) = 12),
    env        INTEGER NOT NULL,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the key
    hint       TEXT NOT NULL,                                  -- its first characters
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) WITHOUT ROWID, STRICT;

CREATE INDEX api_key_env ON api_key (env, id);

CREATE TABLE webhook (
    num             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
    env             INTEGER NOT NULL,
    description     TEXT,
    url             TEXT NOT NULL,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    events          TEXT NOT NULL,      -- a JSON array of event types, or of '*'
    secret          BLOB NOT NULL,      -- sealed by the engine
    disabled_reason TEXT,               -- why Herald disabled it
    disabled_at     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER,            -- kept until its deliveries are forgotten
    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
    CHECK (disabled_at IS NULL OR NOT enabled)
) STRICT;

CREATE INDEX webhook_env ON webhook (env, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_deleted ON webhook (num) WHERE deleted_at IS NOT NULL;

-- The books of each webhook, written in the transaction that changes what they count.
CREATE TABLE tally (
    webhook      INTEGER PRIMARY KEY,            -- webhook.num
    env          INTEGER NOT NULL,
    accepted     INTEGER NOT NULL DEFAULT 0,     -- deliveries ever made
    pending      INTEGER NOT NULL DEFAULT 0,
    delivered    INTEGER NOT NULL DEFAULT 0,     -- these three: removed ones included
    exhausted    INTEGER NOT NULL DEFAULT 0,
    held         INTEGER NOT NULL DEFAULT 0,
    cancelled    INTEGER NOT NULL DEFAULT 0,
    removed_delivered INTEGER NOT NULL DEFAULT 0, -- forgotten by retention
    removed_exhausted INTEGER NOT NULL DEFAULT 0,
    removed_cancelled INTEGER NOT NULL DEFAULT 0,
    succeeded_at INTEGER,                        -- when anything was last delivered to it
    CHECK (accepted = pending + delivered + exhausted + held + cancelled)
) STRICT;

CREATE INDEX tally_env ON tally (env);

-- Names that events share.
CREATE TABLE event_type (
    num      INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    resource TEXT NOT NULL,
    UNIQUE (name, resource)
) STRICT;

-- How many events an environment has of each type, so that a list knows its length.
CREATE TABLE event_tally (
    env   INTEGER NOT NULL,
    type  INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (env, type)
) WITHOUT ROWID, STRICT;

CREATE TABLE event (
    seq        INTEGER PRIMARY KEY,    -- the order of commit; never used again
    env        INTEGER NOT NULL,
    id         BLOB NOT NULL,
    type       INTEGER NOT NULL,       -- event_type.num
    created_at INTEGER NOT NULL,
    body       BLOB NOT NULL           -- what is signed and sent, byte for byte
) STRICT;

-- The type is there so that a list of one type reads the index only.
CREATE UNIQUE INDEX event_id ON event (env, id, type);

CREATE TABLE delivery (
    env         INTEGER NOT NULL,
    seq         INTEGER NOT NULL,      -- event.seq
    webhook     INTEGER NOT NULL,      -- webhook.num
    id          BLOB NOT NULL,
    type        INTEGER NOT NULL,      -- event_type.num
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    attempts    INTEGER NOT NULL,      -- scheduled attempts made
    due_at      INTEGER,               -- when the next one is due; NULL while who accepted it holds it
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    last_status INTEGER,               -- of the last attempt
    last_error  INTEGER,               -- its class
    PRIMARY KEY (env, seq, webhook),
    CHECK (state = 0 OR due_at IS NULL)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX delivery_id ON delivery (id);
CREATE INDEX delivery_webhook ON delivery (webhook, seq);
-- The queue: what is due for a webhook, the oldest first.
CREATE INDEX delivery_due ON delivery (webhook, due_at)
    WHERE state = 0 AND due_at IS NOT NULL;
-- Exhausted, held and cancelled ones are few, and asked for by state. Not IN (2, 3, 4): SQLite
-- would fill a temporary table with the list for every row that it inserts or updates.
CREATE INDEX delivery_unusual ON delivery (webhook, state, seq) WHERE state >= 2;

-- URLs that attempts share.
CREATE TABLE destination (
    num INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE attempt (
    env        INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    webhook    INTEGER NOT NULL,
    number     INTEGER NOT NULL,       -- 1 for the initial one
    started_at INTEGER NOT NULL,
    nanos      INTEGER NOT NULL,       -- how long it took, nanoseconds
    url        INTEGER NOT NULL,       -- destination.num
    address    BLOB,                   -- the dialled IP address (4 or 16 bytes) and port (2)
    signed_at  INTEGER,                -- seconds; NULL if in the second of started_at
    signatures BLOB,                   -- 32 bytes each: ComplyCube's, then the standard ones
    status     INTEGER,
    error      INTEGER,                -- the class of a failure
    detail     TEXT,                   -- what is said of a failure
    headers    BLOB,                   -- of the response
    body       BLOB,                   -- of the response; at most 16 KiB
    truncated  INTEGER,                -- 1 if there was more
    PRIMARY KEY (env, seq, webhook, number)
) WITHOUT ROWID, STRICT;

-- A publisher's own names for what it published.
CREATE TABLE idempotency (
    env         INTEGER NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    receipt     BLOB NOT NULL,         -- JSON
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (env, key)
) WITHOUT ROWID, STRICT;

CREATE INDEX idempotency_age ON idempotency (created_at);
