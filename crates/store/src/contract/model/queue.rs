//! The model's queue.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use herald_domain::{
    attempt::Attempt,
    delivery::DeliveryState,
    id::WebhookId,
    notice::Happened,
    statistics::{class_of, hour_of},
    time::Timestamp,
};

use super::{Counts, Data, EventRow, Model};
use crate::{
    After, Claim, DeliveryKey, Due, Lease, MANUAL_KEPT, ManualAttempt, NumberedAttempt, Queue,
    Result, Settled, Settlement,
};

#[async_trait]
impl Queue for Model {
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        let mut data = self.data();
        let destination = data.destination(webhook);
        let mut deliveries = Vec::new();
        if destination.as_ref().is_some_and(|found| found.webhook.enabled) {
            let unclaimed = data.unclaimed(webhook);
            for (_, sequence) in unclaimed.into_iter().filter(|(due, _)| *due <= now).take(limit) {
                let Data { events, deliveries: rows, .. } = &mut *data;
                let EventRow { environment, event, .. } = &events[&sequence];
                let row = rows.get_mut(&(sequence, webhook)).expect("it was found unclaimed");
                row.claimed = true;
                let key = DeliveryKey {
                    environment: *environment,
                    sequence,
                    webhook,
                    delivery: row.id,
                    lease: Lease::default(),
                };
                deliveries.push(row.claim(key, event));
            }
        }
        let next = data.unclaimed(webhook).first().map(|(due, _)| *due);
        let next_due = next.filter(|_| destination.is_some());
        Ok(Claim { destination, deliveries, next_due })
    }

    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()> {
        let mut data = self.data();
        for key in keys {
            if let Some(row) = data.deliveries.get_mut(&(key.sequence, key.webhook)) {
                row.claimed = false;
            }
        }
        Ok(())
    }

    fn gathers(&self) -> Duration {
        Duration::ZERO
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Settled> {
        let mut data = self.data();
        let mut settled = Settled::default();
        for settlement in settlements.iter() {
            if !data.settle(settlement, &mut settled) {
                settled.stale += 1;
            }
        }
        Ok(settled)
    }

    async fn settle_manual(&self, manual: ManualAttempt) -> Result<Option<u32>> {
        Ok(self.data().settle_manual(manual))
    }

    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        let data = self.data();
        let rows = data.webhooks.iter().filter(|row| row.webhook.enabled && !row.deleted);
        let mut ids: Vec<_> = rows.map(|row| row.webhook.id).collect();
        ids.sort_unstable();
        let later = ids.into_iter().filter(|id| after.is_none_or(|after| *id > after));
        let due = later.filter_map(|webhook| {
            data.unclaimed(webhook).first().map(|(at, _)| Due { webhook, at: *at })
        });
        Ok(due.take(limit).collect())
    }
}

impl Data {
    /// Whether the settlement decided anything.
    fn settle(&mut self, settlement: &Settlement, settled: &mut Settled) -> bool {
        let Settlement { key, number, attempt, after, .. } = settlement.clone();
        let Some(row) = self.deliveries.get_mut(&(key.sequence, key.webhook)) else { return false };
        let cancelled = row.state == DeliveryState::Cancelled;
        let delivered = row.state == DeliveryState::Delivered;
        let open = cancelled || delivered || row.state == DeliveryState::Pending;
        if !open || number != row.attempts() + 1 {
            return false;
        }
        let ended_at = attempt.ended_at();
        count(&mut self.attempts, key.webhook, &attempt);
        row.claimed = false;
        row.updated_at = ended_at;
        row.last = Some(attempt.answer.clone());
        row.log.push(NumberedAttempt { number, manual: false, attempt });
        match after {
            After::Delivered => {
                row.state = DeliveryState::Delivered;
                if let Some(row) = self.webhook_mut(key.webhook) {
                    row.succeeded_at = row.succeeded_at.max(Some(ended_at));
                }
            }
            _ if cancelled || delivered => return false,
            After::Retry { due_at } => {
                row.due_at = due_at;
                settled.warned.extend(self.warn(settlement).then_some(key.webhook));
            }
            After::Exhausted { disable } => {
                row.state = DeliveryState::Exhausted;
                let row = self.webhook_mut(key.webhook).filter(|row| row.webhook.enabled);
                if let (Some(reason), Some(row)) = (disable, row) {
                    row.webhook = row.webhook.clone().given_up(reason.clone(), ended_at);
                    settled.disabled.push(row.webhook.clone());
                    self.note(settlement, Happened::Disabled { reason });
                }
            }
        }
        !delivered
    }

    fn settle_manual(&mut self, manual: ManualAttempt) -> Option<u32> {
        let ManualAttempt { environment, delivery, attempt, delivered } = manual;
        let mut rows = self.deliveries.iter_mut();
        let ((_, webhook), row) =
            rows.find(|(_, row)| row.environment == environment && row.id == delivery)?;
        let (webhook, at) = (*webhook, attempt.ended_at());
        if delivered && row.state != DeliveryState::Delivered {
            row.state = DeliveryState::Delivered;
            row.updated_at = at;
            row.last = Some(attempt.answer.clone());
            row.claimed = false;
        }
        count(&mut self.attempts, webhook, &attempt);
        let number = row.manual.last().map_or(1, |last| last.number + 1);
        row.manual.push(NumberedAttempt { number, manual: true, attempt });
        row.manual.retain(|kept| kept.number + MANUAL_KEPT > number);
        let found = self.webhook_mut(webhook).filter(|_| delivered);
        if let Some(row) = found {
            row.succeeded_at = row.succeeded_at.max(Some(at));
        }
        Some(number)
    }
}

/// Counts an attempt in the hour in which it ended.
fn count(counts: &mut Counts, webhook: WebhookId, attempt: &Attempt) {
    let key = (webhook, hour_of(attempt.ended_at()), class_of(attempt.duration));
    let (attempts, successes) = counts.entry(key).or_default();
    *attempts += 1;
    *successes += u64::from(attempt.answer.is_success());
}
