-- What all who ever work on this database go by; the first proposal counts.
CREATE TABLE agreed (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) <= 32)
) WITHOUT ROWID, STRICT;
