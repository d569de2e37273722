//! Who holds which delivery: in memory, since there is one process. What a transaction takes or
//! gives back counts at once inside it, and for good when it is committed.

use std::collections::{HashMap, HashSet};

/// A webhook's number and an event's.
type Delivery = (i64, u64);

/// The claimed deliveries.
#[derive(Default)]
pub(crate) struct Claims {
    held: HashMap<i64, HashSet<u64>>,
    /// What this transaction changes: whether the delivery is held after it.
    changed: HashMap<Delivery, bool>,
    /// How many this transaction takes, by webhook.
    taken: HashMap<i64, usize>,
}

impl Claims {
    /// Takes a delivery in this transaction.
    pub(crate) fn take(&mut self, webhook: i64, sequence: u64) {
        self.changed.insert((webhook, sequence), true);
        *self.taken.entry(webhook).or_default() += 1;
    }

    /// Gives a delivery back in this transaction.
    pub(crate) fn give_back(&mut self, webhook: i64, sequence: u64) {
        self.changed.insert((webhook, sequence), false);
    }

    pub(crate) fn is_held(&self, webhook: i64, sequence: u64) -> bool {
        self.changed.get(&(webhook, sequence)).copied().unwrap_or_else(|| {
            self.held.get(&webhook).is_some_and(|held| held.contains(&sequence))
        })
    }

    /// At most how many deliveries of a webhook are held.
    pub(crate) fn at_most(&self, webhook: i64) -> usize {
        let held = self.held.get(&webhook).map_or(0, HashSet::len);
        held + self.taken.get(&webhook).copied().unwrap_or(0)
    }

    /// The transaction is committed.
    pub(crate) fn keep(&mut self) {
        for ((webhook, sequence), held) in self.changed.drain() {
            if held {
                self.held.entry(webhook).or_default().insert(sequence);
            } else if let Some(of_webhook) = self.held.get_mut(&webhook) {
                of_webhook.remove(&sequence);
                if of_webhook.is_empty() {
                    self.held.remove(&webhook);
                }
            }
        }
        self.taken.clear();
    }

    /// The transaction is rolled back.
    pub(crate) fn undo(&mut self) {
        self.changed.clear();
        self.taken.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_and_taken_again_in_one_transaction_is_held_after_it() {
        let mut claims = Claims::default();
        claims.take(1, 7);
        claims.keep();
        claims.give_back(1, 7);
        assert!(!claims.is_held(1, 7), "it may be claimed in the same transaction");
        claims.take(1, 7);
        claims.keep();
        assert!(claims.is_held(1, 7));
    }

    #[test]
    fn a_rolled_back_transaction_changes_nothing() {
        let mut claims = Claims::default();
        claims.take(1, 7);
        claims.keep();
        claims.give_back(1, 7);
        claims.take(1, 8);
        claims.undo();
        assert!(claims.is_held(1, 7) && !claims.is_held(1, 8));
        assert_eq!(claims.at_most(1), 1);
    }
}
