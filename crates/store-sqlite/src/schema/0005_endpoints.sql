-- Temporary endpoints, and the requests that they keep.

CREATE TABLE endpoint (
    num          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
    env          INTEGER NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32), -- SHA-256 of its token
    token        BLOB NOT NULL,              -- sealed by the engine, to show the URL again
    description  TEXT,
    respond_with INTEGER NOT NULL CHECK (respond_with BETWEEN 200 AND 599),
    last_number  INTEGER NOT NULL DEFAULT 0, -- of the last request that came; never given again
    kept         INTEGER NOT NULL DEFAULT 0 CHECK (kept BETWEEN 0 AND last_number),
    kept_bytes   INTEGER NOT NULL DEFAULT 0 CHECK (kept_bytes >= 0),
    expires_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX endpoint_env ON endpoint (env, id);
CREATE INDEX endpoint_expiry ON endpoint (expires_at);

-- No foreign key: a request is written, and forgotten, in a transaction that has its endpoint.
CREATE TABLE kept_request (
    endpoint    INTEGER NOT NULL,       -- endpoint.num
    number      INTEGER NOT NULL,       -- the order in which they came, from 1
    id          BLOB NOT NULL CHECK (length(id) = 12),
    method      TEXT NOT NULL,
    query       TEXT,
    answered    INTEGER NOT NULL,       -- the status that it got
    received_at INTEGER NOT NULL,
    size        INTEGER NOT NULL,       -- bytes of headers and body, as kept
    length      INTEGER NOT NULL,       -- bytes of the body, as received
    headers     BLOB NOT NULL,
    body        BLOB NOT NULL           -- at most 256 KiB
) STRICT;

-- The size is there so that making room reads the index only.
CREATE INDEX kept_request_number ON kept_request (endpoint, number, size);
CREATE UNIQUE INDEX kept_request_id ON kept_request (endpoint, id);
