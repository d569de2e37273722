//! What an operator does with the file: migrate, back up, examine.

use std::{path::Path, path::PathBuf};

use herald_store::{Result, StoreError};
use rusqlite::Connection;

use crate::{failure::explain, lock::FileLock, readers, schema};

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The version of its schema.
    pub version: usize,
    /// The version that this program brings it to.
    pub current: usize,
    /// Bytes of the file, without its log.
    pub bytes: u64,
    /// What SQLite's own check found; empty if nothing.
    pub damage: Vec<String>,
    /// Webhooks whose tally, or what is counted for lists, differs from their deliveries; none, if the books balance.
    pub unbalanced: i64,
    /// Kinds of resources of which there are more or fewer than an environment counts.
    pub miscounted: i64,
}

/// Brings the file's schema up to date; answers the versions before and after.
pub fn migrate(path: &Path) -> Result<(usize, usize)> {
    let _lock = FileLock::take(path)?;
    schema::prepare(path)
}

/// Writes a consistent copy of the database to a new file, while Herald may go on working.
pub fn backup(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        let problem = "is there already; a backup never overwrites: give another path";
        return Err(StoreError::Unavailable(format!("{}: {problem}", to.display())));
    }
    let connection = open(from)?;
    // Written under another name first, so that a file of the final name is always whole.
    let unfinished = PathBuf::from(format!("{}.unfinished", to.display()));
    let io = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", to.display()));
    if unfinished.exists() {
        std::fs::remove_file(&unfinished).map_err(io)?;
    }
    let target = unfinished.to_str().ok_or_else(|| {
        StoreError::Unavailable(format!("{}: the path should be UTF-8", to.display()))
    })?;
    connection.execute("VACUUM INTO ?1", [target]).map_err(explain)?;
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    std::fs::rename(&unfinished, to).map_err(io)
}

/// Looks a file over, while Herald may go on working. Reads all of it.
pub fn examine(path: &Path) -> Result<Examination> {
    let connection = open(path)?;
    let version = schema::identify(&connection, path)?;
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut damage: Vec<String> = connection
        .prepare("PRAGMA integrity_check(20)")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
        .map_err(explain)?;
    damage.retain(|line| line != "ok");
    let (mut unbalanced, miscounted) = books(&connection, version)?;
    if version >= schema::WITH_STRETCHES {
        unbalanced = unbalanced.max(number(&connection, MISPLACED)?);
    }
    let current = schema::VERSION;
    Ok(Examination { version, current, bytes, damage, unbalanced, miscounted })
}

/// Of how many webhooks the tally differs from their deliveries, and of how many kinds of resources
/// there are more or fewer than are counted, in a file of this version.
pub(crate) fn books(connection: &Connection, version: usize) -> Result<(i64, i64)> {
    let miscounted =
        if version < schema::WITH_RESOURCES { 0 } else { number(connection, MISCOUNTED)? };
    Ok((number(connection, UNBALANCED)?, miscounted))
}

fn number(connection: &Connection, sql: &str) -> Result<i64> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(explain)
}

fn open(path: &Path) -> Result<Connection> {
    readers::connect(path)
        .map_err(|error| StoreError::Unavailable(format!("{}: {}", path.display(), explain(error))))
}

/// Holds every tally against the rows that it counts.
const UNBALANCED: &str = "
    WITH counted AS (
        SELECT webhook,
               count(*) FILTER (WHERE state = 0) AS pending,
               count(*) FILTER (WHERE state = 1) AS delivered,
               count(*) FILTER (WHERE state = 2) AS exhausted,
               count(*) FILTER (WHERE state = 3) AS held,
               count(*) FILTER (WHERE state = 4) AS cancelled
        FROM delivery GROUP BY webhook)
    SELECT count(*) FROM tally AS t LEFT JOIN counted AS c USING (webhook)
    WHERE t.pending <> coalesce(c.pending, 0)
        OR t.delivered - t.removed_delivered <> coalesce(c.delivered, 0)
        OR t.exhausted - t.removed_exhausted <> coalesce(c.exhausted, 0)
        OR t.held <> coalesce(c.held, 0)
        OR t.cancelled - t.removed_cancelled <> coalesce(c.cancelled, 0)";

/// Holds what is counted of every stretch against its rows; answers of how many webhooks it differs.
const MISPLACED: &str = "
    WITH found AS (
        SELECT d.env,
               (SELECT s.first FROM event_stretch AS s
                WHERE s.env = d.env AND s.first <= d.seq ORDER BY s.first DESC LIMIT 1) AS first,
               d.webhook, d.type,
               count(*) FILTER (WHERE d.state = 0), count(*) FILTER (WHERE d.state = 1),
               count(*) FILTER (WHERE d.state = 2), count(*) FILTER (WHERE d.state = 3),
               count(*) FILTER (WHERE d.state = 4)
        FROM delivery AS d GROUP BY 1, 2, 3, 4),
         counted AS (
        SELECT env, first, webhook, type, pending, delivered, exhausted, held, cancelled
        FROM delivery_stretch)
    SELECT count(DISTINCT webhook) FROM (
        SELECT * FROM (SELECT * FROM found EXCEPT SELECT * FROM counted)
        UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM found))";

/// Holds how many resources there are of each kind against what is counted.
const MISCOUNTED: &str = "
    WITH found AS (SELECT env, kind, count(*) AS count FROM resource GROUP BY env, kind),
         counted AS (SELECT env, kind, count FROM resource_tally WHERE word = '' AND count > 0)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM found EXCEPT SELECT * FROM counted)
        UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM found))";
