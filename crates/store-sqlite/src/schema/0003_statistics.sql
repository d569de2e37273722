-- How many attempts there were of each webhook, hour by hour, and how long they took: counted in the
-- transaction that records them, so that a chart reads these rows and not the attempts.

CREATE TABLE attempt_tally (
    webhook   INTEGER NOT NULL,            -- webhook.num
    hour      INTEGER NOT NULL,            -- when it began, milliseconds
    class     INTEGER NOT NULL,            -- of durations: domain::statistics::BOUNDS
    attempts  INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    PRIMARY KEY (webhook, hour, class),
    CHECK (successes <= attempts)
) WITHOUT ROWID, STRICT;

CREATE INDEX attempt_tally_hour ON attempt_tally (hour);
