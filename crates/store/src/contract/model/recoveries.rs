//! The model's recoveries.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId, delivery::DeliveryState, id::RecoveryId, time::Timestamp,
};

use super::{Data, DeliveryRow, Model, RecoveryRow, paged};
use crate::{
    Listed, Missed, Page, Recoveries, Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus,
    RecoveryStep, Result,
};

#[async_trait]
impl Recoveries for Model {
    async fn count_missed(&self, missed: Missed) -> Result<u64> {
        let data = self.data();
        if !data.has_webhook(&missed) {
            return Ok(0);
        }
        let rows = data.deliveries.iter();
        let missed = rows.filter(|((_, to), row)| {
            *to == missed.webhook && is_missed(&missed, row) && row.created_at >= missed.since
        });
        Ok(missed.count() as u64)
    }

    async fn create_recovery(&self, recovery: Recovery) -> Result<RecoveryCreated> {
        let mut data = self.data();
        let webhook = recovery.missed.webhook;
        if !data.has_webhook(&recovery.missed) {
            return Ok(RecoveryCreated::UnknownWebhook);
        }
        let running = |row: &RecoveryRow| {
            row.recovery.missed.webhook == webhook && row.recovery.status == RecoveryStatus::Running
        };
        if data.recoveries.iter().any(running) {
            return Ok(RecoveryCreated::AnotherIsRunning);
        }
        let last = data.last_sequence;
        data.recoveries.push(RecoveryRow { recovery, looked_at: 0, last });
        Ok(RecoveryCreated::Created)
    }

    async fn recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Option<Recovery>> {
        Ok(self.data().recovery_mut(environment, id).cloned())
    }

    async fn list_recoveries(
        &self,
        environment: EnvironmentId,
        filter: RecoveryFilter,
        page: Page,
    ) -> Result<Listed<Recovery>> {
        let data = self.data();
        let all = data.recoveries.iter().map(|row| &row.recovery);
        let kept = all.filter(|recovery| {
            recovery.missed.environment == environment
                && filter.webhook.is_none_or(|wanted| wanted == recovery.missed.webhook)
                && filter.status.is_none_or(|wanted| wanted == recovery.status)
        });
        Ok(paged(kept.cloned().collect(), page))
    }

    async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
        at: Timestamp,
    ) -> Result<Option<Recovery>> {
        let mut data = self.data();
        let Some(recovery) = data.recovery_mut(environment, id) else { return Ok(None) };
        if recovery.status == RecoveryStatus::Running {
            recovery.status = RecoveryStatus::Cancelled;
            recovery.updated_at = at;
        }
        Ok(Some(recovery.clone()))
    }

    async fn running_recoveries(&self, limit: usize) -> Result<Vec<Recovery>> {
        let data = self.data();
        let all = data.recoveries.iter().map(|row| &row.recovery);
        let running = all.filter(|recovery| recovery.status == RecoveryStatus::Running);
        Ok(running.take(limit).cloned().collect())
    }

    async fn recover_some(
        &self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Option<RecoveryStep>> {
        let mut data = self.data();
        let Some(place) = data.recoveries.iter().position(|row| row.recovery.id == id) else {
            return Ok(None);
        };
        let moved = data.recover_some(place, at, limit);
        Ok(Some(RecoveryStep { recovery: data.recoveries[place].recovery.clone(), moved }))
    }

    async fn expire_recoveries(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut removed = 0;
        self.data().recoveries.retain(|RecoveryRow { recovery, .. }| {
            let ended = recovery.status != RecoveryStatus::Running;
            let stays = !ended || recovery.updated_at >= before || removed == limit;
            removed += usize::from(!stays);
            stays
        });
        Ok(removed)
    }
}

fn is_missed(missed: &Missed, row: &DeliveryRow) -> bool {
    missed.states.contains(&row.state)
}

impl Data {
    fn has_webhook(&self, missed: &Missed) -> bool {
        let found = self.webhook(missed.webhook);
        found.is_some_and(|row| row.webhook.environment == missed.environment)
    }

    fn recovery_mut(
        &mut self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Option<&mut Recovery> {
        let mut all = self.recoveries.iter_mut().map(|row| &mut row.recovery);
        all.find(|recovery| recovery.missed.environment == environment && recovery.id == id)
    }

    /// How many deliveries the step made due again.
    fn recover_some(&mut self, place: usize, at: Timestamp, limit: usize) -> u64 {
        let webhook = self.recoveries[place].recovery.missed.webhook;
        let deleted = self.webhook(webhook).is_none();
        let RecoveryRow { recovery, looked_at, last } = &mut self.recoveries[place];
        if recovery.status != RecoveryStatus::Running {
            return 0;
        }
        if deleted {
            recovery.status = RecoveryStatus::Cancelled;
            recovery.updated_at = at;
            return 0;
        }
        let missed = &recovery.missed;
        let next = self.deliveries.iter_mut().filter(|((sequence, to), row)| {
            *to == webhook && (*looked_at + 1..=*last).contains(sequence) && is_missed(missed, row)
        });
        let (mut looked, mut moved, mut through) = (0, 0, *looked_at);
        for ((sequence, _), row) in next.take(limit) {
            looked += 1;
            through = *sequence;
            if row.created_at >= missed.since {
                row.state = DeliveryState::Pending;
                (row.due_at, row.updated_at) = (at, at);
                row.restarted = row.attempts();
                moved += 1;
            }
        }
        *looked_at = through;
        if looked < limit {
            recovery.status = RecoveryStatus::Done;
        }
        if moved > 0 || looked < limit {
            recovery.updated_at = at;
        }
        recovery.recovered += moved;
        recovery.total = recovery.total.max(recovery.recovered);
        moved
    }
}
