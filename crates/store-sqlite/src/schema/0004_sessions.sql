-- Who may be in the portal. Tokens are not kept, only their SHA-256.

-- Links that nobody has used; using one removes it.
CREATE TABLE portal_link (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    env        INTEGER NOT NULL,                           -- where it lands
    role       INTEGER NOT NULL CHECK (role IN (0, 1)),    -- 0 viewer, 1 manager
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX portal_link_env ON portal_link (env);
CREATE INDEX portal_link_expiry ON portal_link (expires_at);

-- Sessions that have not been ended. An account's sessions see both its environments.
CREATE TABLE portal_session (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account    INTEGER NOT NULL,                           -- account.num
    role       INTEGER NOT NULL CHECK (role IN (0, 1)),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,                           -- when somebody was last there
    expires_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX portal_session_account ON portal_session (account);
CREATE INDEX portal_session_expiry ON portal_session (expires_at);
CREATE INDEX portal_session_seen ON portal_session (seen_at);
