-- Stretches: an environment's events in the order of their numbers, cut about every 32,768
-- deliveries. What is counted of each leads a list to its page, and tells its length, without
-- walking along everything before it.
--
-- A stretch is named by the number of its first event, and ends where the next one begins.

CREATE TABLE event_stretch (
    env      INTEGER NOT NULL,
    first    INTEGER NOT NULL,       -- event.seq
    type     INTEGER NOT NULL,       -- event_type.num
    count    INTEGER NOT NULL,
    oldest   INTEGER NOT NULL,       -- no event was created earlier than this …
    newest   INTEGER NOT NULL,       -- … or later than this
    first_id BLOB NOT NULL,          -- no id is smaller than this …
    last_id  BLOB NOT NULL,          -- … or larger than this
    PRIMARY KEY (env, first, type)
) WITHOUT ROWID, STRICT;

CREATE TABLE delivery_stretch (
    env       INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    webhook   INTEGER NOT NULL,      -- webhook.num
    type      INTEGER NOT NULL,
    pending   INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    exhausted INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    oldest    INTEGER NOT NULL,      -- none was made earlier than this …
    newest    INTEGER NOT NULL,      -- … or later than this
    changed   INTEGER NOT NULL,      -- to none did anything happen later than this
    PRIMARY KEY (env, first, webhook, type)
) WITHOUT ROWID, STRICT;

-- What is there already: cut by events, since only the next ones can be cut as they come.
CREATE TABLE placed (seq INTEGER PRIMARY KEY, first INTEGER NOT NULL) STRICT;

INSERT INTO placed
SELECT seq, min(seq) OVER (PARTITION BY env, number / 4096)
FROM (SELECT seq, env, row_number() OVER (PARTITION BY env ORDER BY seq) - 1 AS number FROM event);

INSERT INTO event_stretch
SELECT e.env, p.first, e.type, count(*), min(e.created_at), max(e.created_at), min(e.id), max(e.id)
FROM placed AS p JOIN event AS e ON e.seq = p.seq GROUP BY e.env, p.first, e.type;

INSERT INTO delivery_stretch
SELECT d.env, p.first, d.webhook, d.type,
       count(*) FILTER (WHERE d.state = 0), count(*) FILTER (WHERE d.state = 1),
       count(*) FILTER (WHERE d.state = 2), count(*) FILTER (WHERE d.state = 3),
       count(*) FILTER (WHERE d.state = 4),
       min(d.created_at), max(d.created_at), max(d.updated_at)
FROM placed AS p JOIN event AS e ON e.seq = p.seq
    JOIN delivery AS d ON d.env = e.env AND d.seq = e.seq
GROUP BY d.env, p.first, d.webhook, d.type;

DROP TABLE placed;
