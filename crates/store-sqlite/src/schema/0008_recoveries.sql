-- Jobs that make due again what a webhook missed.

-- How many attempts were made before the present schedule began: 0, unless it was recovered. Such a
-- delivery counts its attempts on, and its schedule from here.
ALTER TABLE delivery ADD COLUMN restarted INTEGER NOT NULL DEFAULT 0;

CREATE TABLE recovery (
    num        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
    env        INTEGER NOT NULL,
    webhook    INTEGER NOT NULL,           -- webhook.num
    since      INTEGER NOT NULL,           -- deliveries made then or later
    states     INTEGER NOT NULL,           -- a bit for each state: 1 << delivery.state
    status     INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
    total      INTEGER NOT NULL CHECK (total >= recovered),
    recovered  INTEGER NOT NULL,
    looked_at  INTEGER NOT NULL,           -- the largest event.seq that it is through with
    last       INTEGER NOT NULL,           -- the largest event.seq when it was made
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX recovery_env ON recovery (env, id);
CREATE INDEX recovery_ended ON recovery (updated_at) WHERE status > 0;
-- One at a time for each webhook; and what is to be gone on with after a restart.
CREATE UNIQUE INDEX recovery_running ON recovery (webhook) WHERE status = 0;
