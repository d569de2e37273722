//! Lists of events and of deliveries, newest first.
//!
//! How long a list is, the books know, if all that is asked for is counted there. Otherwise it is
//! counted, and with that it is known between which events the list begins and ends. Then the keys of
//! the page are read, along an index, from the end of the list that is nearer; and only what is on the
//! page is looked up with all that belongs to it. All of this sees one moment.

mod deliveries;
mod events;
mod views;

use herald_store::Page;
use tokio_postgres::Row;

use crate::{
    codec::{count, signed},
    conditions::Conditions,
    failure::Outcome,
    transaction::Tx,
};

pub(crate) use deliveries::deliveries;
pub(crate) use events::{EVENTS, event, events};
pub(crate) use views::{next_attempts, view};

/// From here on, in this transaction, each statement is planned for its values: for how deep the page
/// is, and how many rows there are of what is asked for. Compiling one takes longer than most lists.
pub(crate) async fn plan_each(tx: &Tx) -> Outcome<()> {
    tx.batch("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off").await
}

/// How long a list is.
#[derive(Clone, Copy)]
struct Length {
    total: u64,
    /// The numbers of its first and its last event, if it was gone through.
    span: Option<(i64, i64)>,
}

impl Length {
    /// As the books tell it.
    fn told(total: u64) -> Self {
        Self { total, span: None }
    }

    /// As it was counted: `total`, and the numbers `first` and `last`.
    fn counted(row: &Row) -> Outcome<Self> {
        let (first, last): (Option<i64>, Option<i64>) =
            (row.try_get("first")?, row.try_get("last")?);
        Ok(Self { total: count(row, "total")?, span: first.zip(last) })
    }

    /// That a number is within the list, for what is sought among others.
    fn require(&self, column: &str, conditions: &mut Conditions) {
        if let Some((first, last)) = self.span {
            conditions.add(&format!("{column} >= ?"), first);
            conditions.add(&format!("{column} <= ?"), last);
        }
    }
}

/// The part of a list that a page is, as it is reached from the nearer end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    skip: u64,
    take: u64,
    from_newest: bool,
}

impl Part {
    /// `None` if the page is behind the end of the list.
    fn of(page: Page, total: u64) -> Option<Self> {
        let before = page.offset();
        let left = total.checked_sub(before).filter(|left| *left > 0)?;
        let take = left.min(page.size().into());
        let behind = left - take;
        let from_newest = before <= behind;
        Some(Self { skip: before.min(behind), take, from_newest })
    }

    /// How many have to be gone through.
    fn depth(&self) -> u64 {
        self.skip + self.take
    }

    /// The direction to sort in.
    fn order(&self) -> &'static str {
        if self.from_newest { "DESC" } else { "ASC" }
    }

    /// The end of a statement.
    fn limit(&self, conditions: &mut Conditions) -> String {
        let take = conditions.value(signed(self.take));
        let skip = conditions.value(signed(self.skip));
        format!("LIMIT {take} OFFSET {skip}")
    }

    /// What was read in that order, newest first.
    fn newest_first<T>(&self, mut read: Vec<T>) -> Vec<T> {
        if !self.from_newest {
            read.reverse();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, total: u64) -> Option<(u64, u64, bool)> {
        let page = Page::new(number, 10).expect("such a page");
        Part::of(page, total).map(|part| (part.skip, part.take, part.from_newest))
    }

    #[test]
    fn a_page_is_reached_from_the_nearer_end() {
        assert_eq!(part(1, 100), Some((0, 10, true)));
        assert_eq!(part(5, 100), Some((40, 10, true)));
        assert_eq!(part(6, 100), Some((40, 10, false)));
        assert_eq!(part(10, 100), Some((0, 10, false)));
        assert_eq!(part(10, 95), Some((0, 5, false)), "the last one is not full");
        assert_eq!(part(11, 100), None);
        assert_eq!(part(1, 0), None);
        assert_eq!(part(1, 3), Some((0, 3, true)));
    }
}
