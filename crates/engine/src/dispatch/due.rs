//! When to look into the store for which webhook: one time each, the earliest.

use std::collections::{BTreeSet, HashMap};

use herald_domain::{id::WebhookId, time::Timestamp};

/// One time for each webhook that has something coming.
#[derive(Default)]
pub(super) struct DueList {
    ordered: BTreeSet<(Timestamp, WebhookId)>,
    by_webhook: HashMap<WebhookId, Timestamp>,
}

impl DueList {
    /// Notes that a webhook is due then, unless it is due earlier anyway. Whether it is now the
    /// first of all, so that whoever waits for the first has to wake up.
    pub(super) fn no_later_than(&mut self, webhook: WebhookId, at: Timestamp) -> bool {
        match self.by_webhook.get(&webhook) {
            Some(known) if *known <= at => return false,
            Some(known) => {
                self.ordered.remove(&(*known, webhook));
            }
            None => {}
        }
        self.by_webhook.insert(webhook, at);
        self.ordered.insert((at, webhook));
        self.ordered.first() == Some(&(at, webhook))
    }

    /// When the first is due.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.ordered.first().map(|(at, _)| *at)
    }

    /// Takes the first off the list, if it is due.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<WebhookId> {
        let (at, webhook) = *self.ordered.first()?;
        if at > now {
            return None;
        }
        self.ordered.pop_first();
        self.by_webhook.remove(&webhook);
        Some(webhook)
    }

    pub(super) fn len(&self) -> usize {
        self.by_webhook.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_webhook_is_listed_once_with_its_earliest_time() {
        let [a, b] = [1, 2].map(|byte| WebhookId::from_bytes([byte; 12]));
        let mut due = DueList::default();
        assert!(due.no_later_than(a, at(50)));
        assert!(!due.no_later_than(a, at(60)));
        assert!(!due.no_later_than(b, at(70)));
        assert!(due.no_later_than(b, at(40)));
        assert_eq!((due.len(), due.first()), (2, Some(at(40))));
        assert_eq!(due.take(at(39)), None);
        assert_eq!(due.take(at(55)), Some(b));
        assert_eq!(due.take(at(55)), Some(a));
        assert_eq!((due.take(at(55)), due.len()), (None, 0));
    }
}
