//! What is said while everything is copied: how far it is, and how fast.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
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
    /// Rows of every table.
    counts: Vec<u64>,
    /// What is being done, to which table.
    doing: Mutex<Option<(&'static str, usize)>>,
    /// Rows of that table in the database.
    seen: AtomicU64,
    /// Rows of all tables in the file, while both are compared.
    of_file: AtomicU64,
}

impl Progress {
    /// Nothing is done yet; so many rows of every table are to come.
    pub(super) fn of(counts: Vec<u64>) -> Self {
        let of_file = AtomicU64::new(counts.iter().sum());
        Self { counts, doing: Mutex::default(), seen: AtomicU64::new(0), of_file }
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

    /// For whoever counts the rows of the file by itself.
    pub(super) fn of_file(&self) -> &AtomicU64 {
        &self.of_file
    }

    /// What is being done, to which table, and how many rows of how many tables are done: of both
    /// sides, the one that is behind.
    fn now(&self) -> Option<(&'static str, usize, u64)> {
        let (doing, index) = (*self.doing.lock().unwrap_or_else(PoisonError::into_inner))?;
        let before: u64 = self.counts.iter().take(index).sum();
        let seen = before + self.seen.load(Ordering::Relaxed);
        Some((doing, index, seen.min(self.of_file.load(Ordering::Relaxed))))
    }
}

/// Tells of it every now and then, until it is ended.
pub(super) async fn tell(progress: Arc<Progress>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.tick().await;
    let mut before = (0, Instant::now());
    loop {
        ticks.tick().await;
        let Some((doing, index, done)) = progress.now() else { continue };
        let now = Instant::now();
        // What was done before the interruption is no speed, and comparing begins anew.
        let begins = before.0 == 0 || done < before.0;
        let speed = if begins { 0 } else { per_second(done - before.0, now - before.1) };
        before = (done, now);
        complain(&line((doing, TABLES[index].name), done, progress.counts.iter().sum(), speed));
    }
}

fn line((doing, table): (&str, &str), done: u64, of: u64, speed: u64) -> String {
    let speed = if speed > 0 { format!(", {} rows/s", grouped(speed)) } else { String::new() };
    format!("{doing} {table}: {} of {} rows{speed}", grouped(done), grouped(of))
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

    #[test]
    fn a_line_tells_how_far_it_is_and_how_fast() {
        let told = line(("copying", "event"), 12_000, 1_000_000, 45_500);
        assert_eq!(told, "copying event: 12,000 of 1,000,000 rows, 45,500 rows/s");
        assert_eq!(line(("copying", "event"), 0, 10, 0), "copying event: 0 of 10 rows");
    }

    #[test]
    fn of_file_and_database_the_one_that_is_behind_counts() {
        let progress = Progress::of(vec![10; TABLES.len()]);
        assert_eq!(progress.now(), None);
        progress.at("copying", &TABLES[2], 4);
        assert_eq!(progress.now(), Some(("copying", 2, 24)));
        progress.of_file().store(7, Ordering::Relaxed);
        assert_eq!(progress.now(), Some(("copying", 2, 7)));
    }
}
