//! Lists of events and of deliveries, newest first.
//!
//! A list goes along the stretches of its environment, from the last one back: what is counted of
//! each tells whether the page begins in it, and how long the list is, so only the stretches that
//! the page is in are gone through, and those that a range of times cuts. Where few deliveries are
//! in a state, they are not sought among all the others: indexes know them.

mod deliveries;
mod events;

use herald_domain::time::Timestamp;
use herald_store::{Listed, Page, TimeRange};
use rusqlite::{Connection, params_from_iter};

use crate::{codec::count, conditions::Conditions};

pub(crate) use deliveries::{DELIVERIES, FRESH, deliveries, delivery, of_keys};
pub(crate) use events::{EVENTS, event, events};

/// A stretch, and what is counted in it of a list.
struct Stretch {
    first: i64,
    found: u64,
    /// No time is before the first of these, or after the second; nothing changed after the third.
    times: (i64, i64, i64),
    /// No id is before the first of these, or after the second.
    ids: Option<(Vec<u8>, Vec<u8>)>,
}

/// What can be listed along stretches.
trait Along {
    type Item;

    fn connection(&self) -> &Connection;

    fn env(&self) -> i64;

    /// The stretches that may have something of the list, the last one first.
    fn stretches(&self) -> (String, Conditions);

    /// Whether all that was counted in a stretch is within the ranges of the list.
    fn is_whole(&self, stretch: &Stretch) -> bool;

    /// How many of a stretch that ends before `end` are in the list.
    fn count(&self, stretch: &Stretch, end: i64) -> rusqlite::Result<u64>;

    /// So many of them after so many, newest first.
    fn read(
        &self,
        stretch: &Stretch,
        end: i64,
        part: (u64, u64),
    ) -> rusqlite::Result<Vec<Self::Item>>;
}

/// Goes along the stretches of a list; its length may be known.
fn along<L: Along>(list: &L, page: Page, known: Option<u64>) -> rusqlite::Result<Listed<L::Item>> {
    let size = page.size() as usize;
    let (mut skip, mut items, mut total) = (page.offset(), Vec::new(), 0);
    if known.is_some_and(|known| known <= skip) {
        return Ok(Listed { items, total: known.unwrap_or(0) });
    }
    let (sql, conditions) = list.stretches();
    let mut query = list.connection().prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(&conditions.values))?;
    while let Some(row) = rows.next()? {
        let mut stretch = Stretch {
            first: row.get("first")?,
            found: count(row, "found")?,
            times: (row.get("oldest")?, row.get("newest")?, row.get("changed")?),
            ids: row.get::<_, Option<_>>("first_id")?.zip(row.get("last_id")?),
        };
        if !list.is_whole(&stretch) {
            stretch.found = list.count(&stretch, end(list, &stretch)?)?;
        }
        total += stretch.found;
        if stretch.found <= skip {
            skip -= stretch.found;
        } else if items.len() < size {
            let part = (skip, (size - items.len()) as u64);
            items.extend(list.read(&stretch, end(list, &stretch)?, part)?);
            skip = 0;
        }
        if let (Some(known), true) = (known, items.len() == size) {
            return Ok(Listed { items, total: known });
        }
    }
    Ok(Listed { items, total: known.unwrap_or(total) })
}

/// The first event of the next stretch, or the next event there will be.
fn end<L: Along>(list: &L, stretch: &Stretch) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(
                   (SELECT first FROM event_stretch WHERE env = ?1 AND first > ?2
                    ORDER BY first LIMIT 1),
                   (SELECT max(seq) + 1 FROM event),
                   0)";
    list.connection().prepare_cached(sql)?.query_row([list.env(), stretch.first], |row| row.get(0))
}

/// Whether a range has all times from the first to the last.
fn has_all(range: TimeRange, first: i64, last: i64) -> bool {
    range.contains(Timestamp::from_millis(first)) && range.contains(Timestamp::from_millis(last))
}
