-- Webhooks that are close to being disabled, and what the operator is to be told of webhooks.

-- The event.seq of the delivery that has few attempts left. Only while that one is pending, and on
-- the same schedule still, is the webhook failing; so nothing has to be cleared.
ALTER TABLE webhook ADD COLUMN failing_seq INTEGER;
-- Since when the webhook has been failing.
ALTER TABLE webhook ADD COLUMN failing_since INTEGER
    CHECK ((failing_since IS NULL) = (failing_seq IS NULL));
-- How many attempts that delivery had when this was noted: a schedule that begins at so many, or
-- more (delivery.restarted), is another one.
ALTER TABLE webhook ADD COLUMN failing_attempts INTEGER
    CHECK ((failing_attempts IS NULL) = (failing_seq IS NULL))
    CHECK (failing_attempts > 0);
-- How many it had left.
ALTER TABLE webhook ADD COLUMN failing_left INTEGER
    CHECK ((failing_left IS NULL) = (failing_seq IS NULL))
    CHECK (failing_left > 0);
-- When the last of them is, at the earliest.
ALTER TABLE webhook ADD COLUMN failing_last_at INTEGER
    CHECK ((failing_last_at IS NULL) = (failing_seq IS NULL));
-- Once anything is delivered then or later, it is not failing; NULL: that does not help.
ALTER TABLE webhook ADD COLUMN failing_spared_from INTEGER
    CHECK (failing_spared_from IS NULL OR failing_seq IS NOT NULL);
-- When it was last warned of it.
ALTER TABLE webhook ADD COLUMN warned_at INTEGER;

-- What waits to be told, as it was when it happened. Removed in the transaction that records it.
CREATE TABLE notice (
    num             INTEGER PRIMARY KEY,        -- the order in which it happened
    id              BLOB NOT NULL UNIQUE CHECK (length(id) = 12), -- of the event that it becomes
    env             INTEGER NOT NULL,           -- the webhook's
    webhook         BLOB NOT NULL CHECK (length(webhook) = 12),   -- webhook.id
    url             TEXT NOT NULL,
    description     TEXT,
    delivery        BLOB NOT NULL CHECK (length(delivery) = 12),  -- delivery.id of the reason
    event           BLOB NOT NULL CHECK (length(event) = 12),     -- event.id of it
    type            TEXT NOT NULL,              -- event_type.name of it
    attempts        INTEGER NOT NULL,           -- scheduled attempts of it so far
    last_status     INTEGER,                    -- of the last one
    last_error      INTEGER,                    -- its class
    at              INTEGER NOT NULL,           -- when it happened
    attempts_left   INTEGER,                    -- of a webhook that is close to being disabled …
    last_attempt_at INTEGER,                    -- … and when the last one is, at the earliest
    reason          TEXT,                       -- why a webhook was disabled
    CHECK ((attempts_left IS NULL) = (last_attempt_at IS NULL)),
    CHECK ((attempts_left IS NULL) = (reason IS NOT NULL))
) STRICT;
