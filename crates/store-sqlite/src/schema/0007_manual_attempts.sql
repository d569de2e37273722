-- Attempts made on request. Apart from the scheduled ones, so that the schedule's counting and its
-- fence know nothing of them.
CREATE TABLE manual_attempt (
    env        INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    webhook    INTEGER NOT NULL,
    number     INTEGER NOT NULL,       -- counted by themselves, from 1
    started_at INTEGER NOT NULL,       -- from here on the columns of attempt
    nanos      INTEGER NOT NULL,
    url        INTEGER NOT NULL,
    address    BLOB,
    signed_at  INTEGER,
    signatures BLOB,
    status     INTEGER,
    error      INTEGER,
    detail     TEXT,
    headers    BLOB,
    body       BLOB,
    truncated  INTEGER,
    PRIMARY KEY (env, seq, webhook, number)
) WITHOUT ROWID, STRICT;
