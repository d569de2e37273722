//! Lists of resources: a page of what matches, and how many match.
//!
//! Lists know their length from the tallies where they can; what is filtered further is counted. From
//! the length follows how the page is found: where a good part of all matches, the list is gone along
//! until the page is full, from the end that is nearer; where little does, an index knows the matches,
//! and they are sorted. This is decided here and not by the planner, which takes for granted that
//! matches are spread evenly, and then goes along a whole list to find what is at its other end.

use bytes::Bytes;
use herald_domain::resource::Kind;
use herald_store::{Listed, Page, ResourceFilter, TimeRange};
use uuid::Uuid;

use super::{bytes, span::Span};
use crate::{
    codec::{count, signed},
    conditions::Conditions,
    failure::Outcome,
    lists::plan_each,
    tally::tally_word,
    transaction::Tx,
    writing::word,
};

/// If one in so many has an attribute, it is worth going along the list.
const ONE_IN: u64 = 50;

/// The same if there is a range of times: then the matches are nearly always at one place of the list.
const ONE_IN_OF_TIMES: u64 = 2;

/// How many rows of the list are read in the time that it takes to read a match by an index.
const CHEAPER: u64 = 2;

/// A list that is asked for.
pub(super) struct List<'a> {
    pub tx: &'a Tx,
    pub env: i64,
    pub kind: Kind,
    pub filter: &'a ResourceFilter,
}

/// How many there are.
struct Length {
    /// Of the kind, whatever the filter.
    all: u64,
    /// That match.
    total: u64,
}

/// Part of what matches, seen from one end.
struct Part {
    skipped: u64,
    length: u64,
    order: &'static str,
}

impl Part {
    /// The part of a list that is on a page, from the end that is nearer; `None` if the page is empty.
    fn of(page: Page, total: u64) -> Option<Self> {
        let offset = page.offset();
        let length = u64::from(page.size()).min(total.saturating_sub(offset));
        let behind = total.checked_sub(offset + length).filter(|_| length > 0)?;
        Some(if behind < offset {
            Self { skipped: behind, length, order: "ASC" }
        } else {
            Self { skipped: offset, length, order: "DESC" }
        })
    }
}

impl List<'_> {
    pub(super) async fn page(&self, page: Page) -> Outcome<Listed<Bytes>> {
        let length = self.length().await?;
        let total = length.total;
        let Some(part) = Part::of(page, total) else {
            return Ok(Listed { items: Vec::new(), total });
        };
        let items = if self.is_gone_along(&length, &part) {
            self.gone_along(&part).await?
        } else {
            self.sorted(&part).await?
        };
        Ok(Listed { items, total })
    }

    async fn length(&self) -> Outcome<Length> {
        let ((), (all, tallied)) = tokio::try_join!(plan_each(self.tx), self.tallied())?;
        let total = match tallied {
            Some(total) => total,
            None => self.counted(all).await?,
        };
        Ok(Length { all, total })
    }

    /// How many the tallies say there are; and how many match, if they know: all, or those with one
    /// attribute that is counted.
    async fn tallied(&self) -> Outcome<(u64, Option<u64>)> {
        let known = match self.filter.attributes.as_slice() {
            _ if self.is_timed() => None,
            [] => Some(String::new()),
            [one] if self.kind.shape().is_counted(&one.path) => Some(tally_word(one)),
            _ => None,
        };
        let sql = "SELECT coalesce(sum(count) FILTER (WHERE word = ''), 0)::bigint AS all,
                       coalesce(sum(count) FILTER (WHERE word = $4), 0)::bigint AS known
                   FROM resource_tally WHERE env = $1 AND kind = $2 AND word = ANY($3)";
        let word = known.clone().unwrap_or_default();
        let words = ["", &word];
        let row = self.tx.query_one(sql, &[&self.env, &self.code(), &&words[..], &word]).await?;
        let total = count(&row, "known")?;
        Ok((count(&row, "all")?, known.map(|_| total)))
    }

    async fn counted(&self, all: u64) -> Outcome<u64> {
        let ResourceFilter { attributes, created, updated } = self.filter;
        let none = TimeRange::default();
        let (column, range) = match (attributes.is_empty(), *created == none, *updated == none) {
            (true, false, true) => ("created_at", *created),
            (true, true, false) => ("updated_at", *updated),
            _ => {
                let conditions = self.conditions(By::Index);
                let sql =
                    format!("SELECT count(*) AS total FROM resource AS r{}", conditions.clause());
                return count(&self.tx.query_one(&sql, &conditions.values()).await?, "total");
            }
        };
        Span { tx: self.tx, env: self.env, kind: self.code(), column }.total(range, all).await
    }

    /// Whether the page is found by going along the list.
    fn is_gone_along(&self, length: &Length, part: &Part) -> bool {
        let &Length { all, total } = length;
        let one_in = match (self.filter.attributes.is_empty(), self.is_timed()) {
            (true, false) => return true,
            (_, true) => ONE_IN_OF_TIMES,
            (false, false) => ONE_IN,
        };
        let is_frequent = total.saturating_mul(one_in) >= all;
        // If the matches are spread evenly.
        let rows = (part.skipped + part.length).saturating_mul(all) / total.max(1);
        is_frequent && rows <= total.saturating_mul(CHEAPER)
    }

    async fn gone_along(&self, part: &Part) -> Outcome<Vec<Bytes>> {
        let mut conditions = self.conditions(By::Row);
        let (length, skipped) = limits(&mut conditions, part);
        let page = format!(
            "SELECT r.num FROM resource AS r{} ORDER BY r.num {} LIMIT {length} OFFSET {skipped}",
            conditions.clause(),
            part.order,
        );
        self.bodies(&format!("WITH page AS ({page})"), &conditions).await
    }

    async fn sorted(&self, part: &Part) -> Outcome<Vec<Bytes>> {
        let mut conditions = self.conditions(By::Index);
        let (length, skipped) = limits(&mut conditions, part);
        // All matches, so that the planner finds them without a thought of their order.
        let with = format!(
            "WITH matching AS MATERIALIZED (SELECT r.num FROM resource AS r{}),
             page AS (SELECT num FROM matching ORDER BY num {} LIMIT {length} OFFSET {skipped})",
            conditions.clause(),
            part.order,
        );
        self.bodies(&with, &conditions).await
    }

    /// The bodies of what is on the `page`, newest first.
    async fn bodies(&self, with: &str, conditions: &Conditions) -> Outcome<Vec<Bytes>> {
        let sql = format!(
            "{with}
             SELECT r.body FROM page JOIN resource AS r ON r.num = page.num
             WHERE r.env = $1 AND r.kind = $2 ORDER BY r.num DESC"
        );
        let rows = self.tx.query(&sql, &conditions.values()).await?;
        rows.iter().map(|row| bytes(row, "body")).collect()
    }

    /// What has to hold of a row `r`. The first two values are environment and kind.
    fn conditions(&self, by: By) -> Conditions {
        let mut conditions = Conditions::default();
        let ResourceFilter { attributes, created, updated } = self.filter;
        conditions.add("r.env = ?", self.env);
        conditions.add("r.kind = ?", self.code());
        if !attributes.is_empty() {
            let words: Vec<Uuid> =
                attributes.iter().map(|one| word(self.env, self.kind, one)).collect();
            let clause = match by {
                By::Index => "r.words @> ?",
                // The same, in a form that the index cannot answer.
                By::Row => "(r.words @> ?) IS TRUE",
            };
            conditions.add(clause, words);
        }
        conditions.within(*created, "r.created_at");
        conditions.within(*updated, "r.updated_at");
        conditions
    }

    fn is_timed(&self) -> bool {
        let none = TimeRange::default();
        self.filter.created != none || self.filter.updated != none
    }

    fn code(&self) -> i16 {
        self.kind as i16
    }
}

/// How words are looked at.
#[derive(Clone, Copy)]
enum By {
    /// By the index of them, if that is best.
    Index,
    /// Row by row.
    Row,
}

/// The places of a part's length and of what is before it.
fn limits(conditions: &mut Conditions, part: &Part) -> (String, String) {
    (conditions.value(signed(part.length)), conditions.value(signed(part.skipped)))
}
