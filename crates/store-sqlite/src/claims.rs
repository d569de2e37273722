//! Who holds which delivery: in memory, since there is one process. What a transaction takes or
//! gives back counts only once it is committed.

use std::collections::{HashMap, HashSet};

/// A webhook's number and an event's.
type Held = (i64, u64);

/// The claimed deliveries.
#[derive(Default)]
pub(crate) struct Claims {
    held: HashMap<i64, HashSet<u64>>,
    taken: Vec<Held>,
    given_back: Vec<Held>,
}

impl Claims {
    /// Takes a delivery in this transaction.
    pub(crate) fn take(&mut self, webhook: i64, sequence: u64) {
        self.held.entry(webhook).or_default().insert(sequence);
        self.taken.push((webhook, sequence));
    }

    /// Gives it back once this transaction is committed.
    pub(crate) fn give_back(&mut self, webhook: i64, sequence: u64) {
        self.given_back.push((webhook, sequence));
    }

    pub(crate) fn is_held(&self, webhook: i64, sequence: u64) -> bool {
        self.held.get(&webhook).is_some_and(|held| held.contains(&sequence))
            && !self.given_back.contains(&(webhook, sequence))
    }

    /// How many deliveries of a webhook are held.
    pub(crate) fn count(&self, webhook: i64) -> usize {
        self.held.get(&webhook).map_or(0, HashSet::len)
    }

    /// The transaction is committed.
    pub(crate) fn keep(&mut self) {
        self.taken.clear();
        for (webhook, sequence) in std::mem::take(&mut self.given_back) {
            self.remove(webhook, sequence);
        }
    }

    /// The transaction is rolled back.
    pub(crate) fn undo(&mut self) {
        self.given_back.clear();
        for (webhook, sequence) in std::mem::take(&mut self.taken) {
            self.remove(webhook, sequence);
        }
    }

    fn remove(&mut self, webhook: i64, sequence: u64) {
        if let Some(held) = self.held.get_mut(&webhook) {
            held.remove(&sequence);
            if held.is_empty() {
                self.held.remove(&webhook);
            }
        }
    }
}
