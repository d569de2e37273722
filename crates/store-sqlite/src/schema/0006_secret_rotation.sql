-- A webhook changes from one secret to another while both count: `secret` is the new one.

ALTER TABLE webhook ADD COLUMN previous_secret BLOB;   -- sealed by the engine; NULL: none counts
-- From when on the previous one does not count any more.
ALTER TABLE webhook ADD COLUMN rotation_until INTEGER
    CHECK ((rotation_until IS NULL) = (previous_secret IS NULL));
-- 1 if ComplyCube's header has gone over to the new one already.
ALTER TABLE webhook ADD COLUMN rotation_switched INTEGER
    CHECK ((rotation_switched IS NULL) = (previous_secret IS NULL))
    CHECK (rotation_switched IN (0, 1));

CREATE INDEX webhook_rotation ON webhook (rotation_until) WHERE rotation_until IS NOT NULL;
