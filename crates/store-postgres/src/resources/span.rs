//! How many resources were made, or last changed, within a span of time.
//!
//! Counting goes along an index, entry by entry, so it counts what is fewer: those within, or those
//! without, which is told from where the span lies between the first and the last of all.

use herald_domain::time::Timestamp;
use herald_store::TimeRange;

use crate::{codec::count, failure::Outcome, transaction::Tx};

/// Resources of a kind in an environment, in the order of a time.
pub(super) struct Span<'a> {
    pub tx: &'a Tx,
    pub env: i64,
    /// The kind's code.
    pub kind: i16,
    /// The time's column.
    pub column: &'static str,
}

impl Span<'_> {
    /// How many are within the range, of `all`. Its ends are excluded.
    pub(super) async fn total(&self, range: TimeRange, all: u64) -> Outcome<u64> {
        let Some((first, last)) = self.ends().await? else { return Ok(0) };
        let after = range.after.map_or(i64::MIN, Timestamp::millis);
        let before = range.before.map_or(i64::MAX, Timestamp::millis);
        let within = before.min(last).saturating_sub(after.max(first));
        if within <= last.saturating_sub(first) / 2 {
            return self.count("{} > $3 AND {} < $4", (after, before)).await;
        }
        // Each of these has one end of its own, at which the index is entered.
        let earlier = self.count("{} <= $3 AND {} > $4", (after, i64::MIN)).await?;
        let later = self.count("{} >= $3 AND {} < $4", (before, i64::MAX)).await?;
        Ok(all.saturating_sub(earlier + later))
    }

    /// The first and the last of all.
    async fn ends(&self) -> Outcome<Option<(i64, i64)>> {
        let column = self.column;
        let sql = format!(
            "SELECT min({column}) AS first, max({column}) AS last FROM resource
             WHERE env = $1 AND kind = $2"
        );
        let row = self.tx.query_one(&sql, &[&self.env, &self.kind]).await?;
        let (first, last): (Option<i64>, Option<i64>) =
            (row.try_get("first")?, row.try_get("last")?);
        Ok(first.zip(last))
    }

    /// How many there are whose time (`{}`) is so, compared with two others.
    async fn count(&self, clause: &str, (low, high): (i64, i64)) -> Outcome<u64> {
        let sql = format!(
            "SELECT count(*) AS total FROM resource WHERE env = $1 AND kind = $2 AND {}",
            clause.replace("{}", self.column)
        );
        let row = self.tx.query_one(&sql, &[&self.env, &self.kind, &low, &high]).await?;
        count(&row, "total")
    }
}
