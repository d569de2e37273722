//! Who holds which delivery: in memory, since there is one process. What a transaction takes or
//! gives back counts at once inside it, and for good when it is committed.
//!
//! A fresh delivery is held by who accepted it from its very commit on, and nearly all of them are
//! delivered within milliseconds. So a fresh one is not entered in the index of what is due: that
//! would be two more index changes for every delivery there is. It is entered when it is given
//! back, when its first attempt failed, or when it is still held some seconds later. After a crash
//! the fresh ones are found by number: a watermark, the first fresh one, is kept in the file.

use std::collections::{BTreeMap, HashMap};

/// A webhook's number and an event's.
pub(crate) type Delivery = (i64, u64);

/// Why a delivery is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Since it was accepted; it is not in the index of what is due.
    Fresh,
    /// Since it was claimed, or for long; it is in the index.
    Claimed,
}

/// The claimed deliveries.
#[derive(Default)]
pub(crate) struct Claims {
    held: HashMap<i64, HashMap<u64, Hold>>,
    /// How many are fresh, by the event's number.
    fresh: BTreeMap<u64, usize>,
    /// What this transaction changes: how the delivery is held after it.
    changed: HashMap<Delivery, Option<Hold>>,
    /// How many this transaction takes, by webhook.
    taken: HashMap<i64, usize>,
}

impl Claims {
    /// Takes a delivery in this transaction.
    pub(crate) fn take(&mut self, (webhook, sequence): Delivery, hold: Hold) {
        self.changed.insert((webhook, sequence), Some(hold));
        *self.taken.entry(webhook).or_default() += 1;
    }

    /// Gives a delivery back in this transaction.
    pub(crate) fn give_back(&mut self, delivery: Delivery) {
        self.changed.insert(delivery, None);
    }

    /// How a delivery is held, if it is.
    pub(crate) fn hold(&self, delivery: Delivery) -> Option<Hold> {
        match self.changed.get(&delivery) {
            Some(changed) => *changed,
            None => self.held.get(&delivery.0)?.get(&delivery.1).copied(),
        }
    }

    /// At most how many deliveries of a webhook are held.
    pub(crate) fn at_most(&self, webhook: i64) -> usize {
        let held = self.held.get(&webhook).map_or(0, HashMap::len);
        held + self.taken.get(&webhook).copied().unwrap_or(0)
    }

    /// No event before this one has a fresh delivery, as of the last commit.
    pub(crate) fn first_fresh(&self) -> Option<u64> {
        self.fresh.first_key_value().map(|(sequence, _)| *sequence)
    }

    /// Deliveries that are fresh and whose events are before `sequence`, as of the last commit.
    pub(crate) fn fresh_before(&self, sequence: u64) -> Vec<Delivery> {
        if self.first_fresh().is_none_or(|first| first >= sequence) {
            return Vec::new();
        }
        self.fresh_where(|_, held| held < sequence)
    }

    /// Fresh deliveries of a webhook, as of the last commit.
    pub(crate) fn fresh_of(&self, webhook: i64) -> Vec<Delivery> {
        self.fresh_where(|of, _| of == webhook)
    }

    fn fresh_where(&self, wanted: impl Fn(i64, u64) -> bool) -> Vec<Delivery> {
        let all = self.held.iter().flat_map(|(webhook, held)| {
            held.iter().map(move |(sequence, hold)| (*webhook, *sequence, *hold))
        });
        all.filter(|(webhook, sequence, hold)| *hold == Hold::Fresh && wanted(*webhook, *sequence))
            .map(|(webhook, sequence, _)| (webhook, sequence))
            .collect()
    }

    /// The transaction is committed.
    pub(crate) fn keep(&mut self) {
        for ((webhook, sequence), hold) in self.changed.drain() {
            let before = match hold {
                Some(hold) => {
                    if hold == Hold::Fresh {
                        *self.fresh.entry(sequence).or_default() += 1;
                    }
                    self.held.entry(webhook).or_default().insert(sequence, hold)
                }
                None => self.held.get_mut(&webhook).and_then(|held| held.remove(&sequence)),
            };
            if before == Some(Hold::Fresh)
                && let Some(count) = self.fresh.get_mut(&sequence)
            {
                *count -= 1;
                if *count == 0 {
                    self.fresh.remove(&sequence);
                }
            }
        }
        for (webhook, _) in self.taken.drain() {
            if self.held.get(&webhook).is_some_and(HashMap::is_empty) {
                self.held.remove(&webhook);
            }
        }
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
        claims.take((1, 7), Hold::Fresh);
        claims.keep();
        claims.give_back((1, 7));
        assert_eq!(claims.hold((1, 7)), None, "it may be claimed in the same transaction");
        claims.take((1, 7), Hold::Claimed);
        claims.keep();
        assert_eq!(claims.hold((1, 7)), Some(Hold::Claimed));
        assert_eq!(claims.first_fresh(), None);
    }

    #[test]
    fn a_rolled_back_transaction_changes_nothing() {
        let mut claims = Claims::default();
        claims.take((1, 7), Hold::Fresh);
        claims.keep();
        claims.give_back((1, 7));
        claims.take((1, 8), Hold::Fresh);
        claims.undo();
        assert_eq!((claims.hold((1, 7)), claims.hold((1, 8))), (Some(Hold::Fresh), None));
        assert_eq!((claims.at_most(1), claims.first_fresh()), (1, Some(7)));
    }

    #[test]
    fn the_first_fresh_one_moves_on_when_all_of_its_event_are_given_back() {
        let mut claims = Claims::default();
        for delivery in [(1, 7), (2, 7), (1, 9)] {
            claims.take(delivery, Hold::Fresh);
        }
        claims.keep();
        claims.give_back((1, 7));
        claims.keep();
        assert_eq!(claims.first_fresh(), Some(7));
        assert_eq!(claims.fresh_before(9), [(2, 7)]);
        assert_eq!(claims.fresh_of(1), [(1, 9)]);
        claims.give_back((2, 7));
        claims.keep();
        assert_eq!(claims.first_fresh(), Some(9));
    }
}
