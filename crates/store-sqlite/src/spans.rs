//! How many resources were made, or last changed, within a span of time.
//!
//! Counting goes along an index, entry by entry, so it counts what is fewer: those within, or those
//! without, which is told from where the span lies between the first and the last of all. A span
//! that has everything, or nothing, then costs nothing; one that has half of a million, 15 ms.

use herald_domain::time::Timestamp;
use herald_store::TimeRange;
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::count;

/// Resources of a kind in an environment, in the order of a time.
pub(crate) struct Span<'a> {
    pub connection: &'a Connection,
    /// Environment and kind.
    pub key: (i64, u8),
    /// The time's column.
    pub column: &'static str,
}

impl Span<'_> {
    /// How many are within the range, of `all`. Its ends are excluded.
    pub(crate) fn total(&self, range: TimeRange, all: u64) -> rusqlite::Result<u64> {
        let (Some(first), Some(last)) = (self.end("ASC")?, self.end("DESC")?) else { return Ok(0) };
        let after = range.after.map_or(i64::MIN, Timestamp::millis);
        let before = range.before.map_or(i64::MAX, Timestamp::millis);
        let within = before.min(last).saturating_sub(after.max(first));
        if within <= last.saturating_sub(first) / 2 {
            return self.count("> ?3", after, "< ?4", before);
        }
        // Each of these has one end of its own, at which the index is entered.
        let earlier = self.count(">= ?3", i64::MIN, "<= ?4", after)?;
        let later = self.count(">= ?3", before, "<= ?4", i64::MAX)?;
        Ok(all.saturating_sub(earlier + later))
    }

    /// The first or the last of all.
    fn end(&self, order: &str) -> rusqlite::Result<Option<i64>> {
        let (env, kind) = self.key;
        let column = self.column;
        let sql = format!(
            "SELECT {column} FROM resource WHERE env = ?1 AND kind = ?2
             ORDER BY {column} {order} LIMIT 1"
        );
        self.connection
            .prepare_cached(&sql)?
            .query_row(params![env, kind], |row| row.get(0))
            .optional()
    }

    fn count(&self, low: &str, after: i64, high: &str, before: i64) -> rusqlite::Result<u64> {
        let (env, kind) = self.key;
        let column = self.column;
        let sql = format!(
            "SELECT count(*) AS total FROM resource
             WHERE env = ?1 AND kind = ?2 AND {column} {low} AND {column} {high}"
        );
        self.connection
            .prepare_cached(&sql)?
            .query_row(params![env, kind, after, before], |row| count(row, "total"))
    }
}
