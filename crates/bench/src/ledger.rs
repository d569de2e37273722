//! What the receiver got: which event, at which webhook, when first, how often again.
//!
//! It is the oracle of every row: a rate counts only what arrived for the first time, and a row is
//! valid only if everything that was accepted is here in the end. An event and a webhook are a
//! number and a slot, so a line of the ledger is found without looking, and noting it is one
//! atomic exchange.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::event;

/// How long nothing may arrive before what is missing is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often waiting looks again.
const LOOK: Duration = Duration::from_millis(2);

/// What the receiver got.
#[derive(Debug)]
pub(crate) struct Ledger {
    began: Instant,
    slots: usize,
    /// By number and slot: nanoseconds after `began`, plus 1; 0 for what has not arrived.
    lines: Vec<AtomicU64>,
    distinct: AtomicU64,
    duplicates: AtomicU64,
    strays: AtomicU64,
}

impl Ledger {
    /// A ledger for events numbered below `events`, each sent to `slots` webhooks.
    pub(crate) fn new(events: usize, slots: usize) -> Self {
        let lines = std::iter::repeat_with(AtomicU64::default).take(events * slots).collect();
        Self {
            began: Instant::now(),
            slots,
            lines,
            distinct: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            strays: AtomicU64::new(0),
        }
    }

    /// Notes a notification that arrived at a webhook.
    pub(crate) fn note(&self, slot: usize, body: &[u8]) {
        let line = event::number_of(body).and_then(|number| self.line(number, slot));
        let Some(line) = line else {
            self.strays.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX - 1) + 1;
        let first = line.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let count = if first { &self.distinct } else { &self.duplicates };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// When an event first arrived at a webhook.
    pub(crate) fn received_at(&self, number: u64, slot: usize) -> Option<Instant> {
        let noted = self.line(number, slot)?.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.began + Duration::from_nanos(noted))
    }

    /// Whether an event with this number can be noted.
    pub(crate) fn has_room(&self, number: u64) -> bool {
        self.line(number, 0).is_some()
    }

    /// Notifications that arrived for the first time.
    pub(crate) fn distinct(&self) -> u64 {
        self.distinct.load(Ordering::Relaxed)
    }

    /// Notifications that had arrived before.
    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates.load(Ordering::Relaxed)
    }

    /// How many webhooks each event is sent to.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// Waits until `expected` notifications are here; answers how long that took. An error if
    /// something is missing, or too many.
    pub(crate) async fn complete(&self, expected: u64) -> Result<Duration> {
        let began = Instant::now();
        let (mut last, mut progress) = (self.distinct(), began);
        while self.distinct() < expected {
            if self.distinct() != last {
                (last, progress) = (self.distinct(), Instant::now());
            } else if progress.elapsed() > PATIENCE {
                bail!("{} of {expected} notifications never came", expected - last);
            }
            tokio::time::sleep(LOOK).await;
        }
        let strays = self.strays.load(Ordering::Relaxed);
        if self.distinct() > expected || strays > 0 {
            let got = self.distinct();
            bail!("{got} notifications came where {expected} were accepted, and {strays} strays");
        }
        Ok(began.elapsed())
    }

    fn line(&self, number: u64, slot: usize) -> Option<&AtomicU64> {
        let number = usize::try_from(number).ok()?;
        let at = number.checked_mul(self.slots)?.checked_add(slot)?;
        if slot < self.slots { self.lines.get(at) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use herald_domain::id::EventId;

    use super::*;

    fn body(number: u64) -> bytes::Bytes {
        let client = event::padded_client(number).unwrap();
        event::notification(EventId::from_bytes([1; 12]), &client).unwrap()
    }

    #[tokio::test]
    async fn what_arrives_again_is_a_duplicate_and_counts_once() {
        let ledger = Ledger::new(2, 2);
        for (number, slot) in [(0, 0), (0, 1), (1, 1), (0, 1)] {
            ledger.note(slot, &body(number));
        }
        assert_eq!((ledger.distinct(), ledger.duplicates()), (3, 1));
        assert!(ledger.received_at(1, 1).is_some() && ledger.received_at(1, 0).is_none());
        assert!(ledger.complete(3).await.is_ok());
        assert!(ledger.complete(2).await.is_err(), "more came than was accepted");
    }

    #[tokio::test]
    async fn what_nobody_sent_spoils_the_row() {
        for (slot, body) in [(1, body(0)), (0, body(1)), (0, "{}".into())] {
            let ledger = Ledger::new(1, 1);
            ledger.note(slot, &body);
            assert!(ledger.complete(0).await.is_err());
        }
    }
}
