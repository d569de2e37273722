//! What is said while everything is copied: how far it is, and how fast.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use herald_store::transfer::{TABLES, Table};

use crate::terminal::complain;

/// How often something is said.
const PERIOD: Duration = Duration::from_secs(1);

/// How far it is.
pub(super) struct Progress {
    /// Of every table.
    counts: Vec<u64>,
    /// What is being done, to which table.
    doing: Mutex<Option<(&'static str, usize)>>,
    /// Rows of that table.
    seen: AtomicU64,
}

impl Progress {
    /// Nothing is done yet; so many rows of every table are to come.
    pub(super) fn of(counts: Vec<u64>) -> Self {
        Self { counts, doing: Mutex::default(), seen: AtomicU64::new(0) }
    }

    /// So many rows of a table are done.
    pub(super) fn at(&self, doing: &'static str, table: &Table, rows: u64) {
        let index = TABLES.iter().position(|one| one.name == table.name).unwrap_or_default();
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = Some((doing, index));
        self.seen.store(rows, Ordering::Relaxed);
    }

    /// For whoever counts the rows of the table by itself.
    pub(super) fn seen(&self) -> &AtomicU64 {
        &self.seen
    }

    /// What is being done, to which table, and how many of its rows are done.
    fn now(&self) -> Option<(&'static str, usize, u64)> {
        let (doing, index) = (*self.doing.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some((doing, index, self.seen.load(Ordering::Relaxed)))
    }

    /// Rows that are done of everything, if the tables are gone through in their order.
    fn total(&self, index: usize, seen: u64) -> u64 {
        self.counts.iter().take(index).sum::<u64>() + seen
    }
}

/// Tells of it every now and then, until it is ended.
pub(super) async fn tell(progress: std::sync::Arc<Progress>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.tick().await;
    let mut before: Option<(&str, u64, Instant)> = None;
    loop {
        ticks.tick().await;
        let Some((doing, index, seen)) = progress.now() else { continue };
        let (total, now) = (progress.total(index, seen), Instant::now());
        let since = before.filter(|(earlier, ..)| *earlier == doing);
        let speed = since.map(|(_, earlier, at)| {
            let done = total.saturating_sub(earlier);
            format!(" ({} rows/s)", grouped(per_second(done, now - at)))
        });
        before = Some((doing, total, now));
        let (seen, of) = (grouped(seen), grouped(progress.counts[index]));
        let table = TABLES[index].name;
        complain(&format!("{doing} {table}: {seen} of {of} rows{}", speed.unwrap_or_default()));
    }
}

fn per_second(rows: u64, time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    rows.saturating_mul(1000) / millis
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
