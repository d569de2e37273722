//! The model's upkeep.

use std::time::Duration;

use async_trait::async_trait;
use herald_domain::{delivery::DeliveryState, time::Timestamp};

use super::{Data, Model};
use crate::{Result, Upkeep};

#[async_trait]
impl Upkeep for Model {
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut data = self.data();
        let old = data.events.iter().filter(|(_, row)| row.event.created_at < before);
        let over = old.map(|(sequence, _)| *sequence).filter(|sequence| data.has_ended(*sequence));
        let expiring: Vec<u64> = over.take(limit).collect();
        for sequence in &expiring {
            data.events.remove(sequence);
            let Data { deliveries, expired, .. } = &mut *data;
            deliveries.retain(|(of, _), row| {
                let stays = of != sequence;
                expired.extend((!stays).then_some((row.environment, row.state)));
                stays
            });
        }
        Ok(expiring.len())
    }

    async fn expire_keys(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut removed = 0;
        self.data().receipts.retain(|row| {
            let stays = row.used_at >= before || removed == limit;
            removed += usize::from(!stays);
            stays
        });
        Ok(removed)
    }

    async fn cancel_orphans(&self, at: Timestamp, limit: usize) -> Result<usize> {
        let mut data = self.data();
        let Data { webhooks, deliveries, .. } = &mut *data;
        let orphans = deliveries.iter_mut().filter(|((_, webhook), row)| {
            !row.state.is_terminal()
                && webhooks.iter().any(|row| row.webhook.id == *webhook && row.deleted)
        });
        let mut cancelled = 0;
        for (_, row) in orphans.take(limit) {
            row.state = DeliveryState::Cancelled;
            row.updated_at = at;
            row.claimed = false;
            cancelled += 1;
        }
        Ok(cancelled)
    }

    async fn end_rotations(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let mut data = self.data();
        let rotations = data.webhooks.iter_mut().map(|row| &mut row.webhook.rotation);
        let over = rotations.filter_map(|rotation| rotation.take_if(|one| !one.is_running(now)));
        Ok(over.take(limit).count())
    }

    async fn advance_due(&self, now: Timestamp, by: Duration) -> Result<()> {
        let mut data = self.data();
        for row in data.deliveries.values_mut().filter(|row| row.due_at > now) {
            row.due_at = row.due_at.before(by);
        }
        data.shelf.advance_due(now, by);
        Ok(())
    }

    async fn note_time(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let mut data = self.data();
        Ok(data.noted.replace(now))
    }

    async fn probe(&self) -> Result<()> {
        Ok(())
    }
}

impl Data {
    /// Whether nothing more will happen to any delivery of this event.
    fn has_ended(&self, sequence: u64) -> bool {
        let mut rows = self.deliveries.iter().filter(|((of, _), _)| *of == sequence);
        rows.all(|(_, row)| row.state.is_terminal())
    }
}
