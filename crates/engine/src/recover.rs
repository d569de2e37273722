//! Recovering: whatever a webhook missed since a time is made due again, by a job that goes on in
//! the background and survives a restart.
//!
//! A job's deliveries become pending some at a time, each step a transaction that also counts the
//! progress; from there they are claimed like any backlog, so the receiver meets the ramp that its
//! lane's window is. One loop takes the steps of all jobs in turns, woken when a job is made.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
    time::Duration,
};

use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{RecoveryId, WebhookId},
    problem::Problem,
    time::Timestamp,
};
use herald_store::{
    Listed, Missed, Page, Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus,
};

use crate::{Engine, Result, webhooks::unknown_webhook};

/// Deliveries that a step looks at, so that nobody waits long for the writer.
const ROWS: usize = 500;

/// Jobs that take turns.
const JOBS: usize = 64;

/// How often the loop comes round by itself.
const PERIOD: Duration = Duration::from_secs(10);

/// What may be recovered; what is pending is on its way, what is delivered has arrived.
pub const RECOVERABLE: [DeliveryState; 2] = [DeliveryState::Held, DeliveryState::Exhausted];

/// Runs for as long as the engine is used.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let made = engine.recovery_is_made.clone();
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while let Some(engine) = Weak::upgrade(&engine).filter(|e| !e.dispatcher.is_stopping()) {
            if let Err(error) = engine.go_on_recovering().await {
                tracing::warn!(%error, "recoveries are put off");
            }
            // An engine that nobody else uses must not be kept alive by its own recoveries.
            drop(engine);
            tokio::select! {
                () = made.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    });
}

impl Engine {
    /// How many deliveries [`Engine::recover`] would make due again now.
    pub async fn count_missed(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        since: Timestamp,
        states: BTreeSet<DeliveryState>,
    ) -> Result<u64> {
        self.enabled(environment, webhook).await?;
        let missed = Missed { environment, webhook, since, states };
        Ok(self.store.count_missed(missed).await?)
    }

    /// Begins to send again what a webhook missed: its deliveries in these states
    /// ([`RECOVERABLE`]) that were made at `since` or later, each with a fresh schedule.
    pub async fn recover(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        since: Timestamp,
        states: BTreeSet<DeliveryState>,
    ) -> Result<Recovery> {
        let total = self.count_missed(environment, webhook, since, states.clone()).await?;
        let now = self.clock.now();
        let recovery = Recovery {
            id: RecoveryId(self.ids.next(now)),
            missed: Missed { environment, webhook, since, states },
            status: RecoveryStatus::Running,
            total,
            recovered: 0,
            created_at: now,
            updated_at: now,
        };
        match self.store.create_recovery(recovery.clone()).await? {
            RecoveryCreated::Created => {
                self.recovery_is_made.notify_one();
                Ok(recovery)
            }
            RecoveryCreated::AnotherIsRunning => {
                let message = "a recovery of this webhook is running; wait for it, or cancel it";
                Err(Problem::unprocessable("recovery_running", message).into())
            }
            RecoveryCreated::UnknownWebhook => Err(unknown_webhook(webhook).into()),
        }
    }

    /// The recovery with this id.
    pub async fn recovery(&self, environment: EnvironmentId, id: RecoveryId) -> Result<Recovery> {
        let recovery = self.store.recovery(environment, id).await?;
        Ok(recovery.ok_or_else(|| unknown_recovery(id))?)
    }

    /// A page of the environment's recoveries, newest first.
    pub async fn list_recoveries(
        &self,
        environment: EnvironmentId,
        filter: RecoveryFilter,
        page: Page,
    ) -> Result<Listed<Recovery>> {
        Ok(self.store.list_recoveries(environment, filter, page).await?)
    }

    /// Stops a recovery between two steps, if it is running. What it made due stays due.
    pub async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Recovery> {
        let cancelled = self.store.cancel_recovery(environment, id, self.clock.now()).await?;
        Ok(cancelled.ok_or_else(|| unknown_recovery(id))?)
    }

    async fn enabled(&self, environment: EnvironmentId, webhook: WebhookId) -> Result<()> {
        if self.webhook(environment, webhook).await?.enabled {
            return Ok(());
        }
        let message = "this webhook is disabled, so nothing would be sent; enable it first";
        Err(Problem::unprocessable("webhook_disabled", message).into())
    }

    /// Takes steps, a job after the other, until none is running.
    async fn go_on_recovering(&self) -> Result<()> {
        while !self.dispatcher.is_stopping() {
            let running = self.store.running_recoveries(JOBS).await?;
            if running.is_empty() {
                break;
            }
            for Recovery { id, missed, .. } in running {
                let now = self.clock.now();
                let step = self.store.recover_some(id, now, ROWS).await?;
                if step.is_some_and(|step| step.moved > 0) {
                    self.dispatcher.due_at(missed.webhook, now);
                }
            }
        }
        Ok(())
    }
}

fn unknown_recovery(id: RecoveryId) -> Problem {
    Problem::not_found("recovery", &id.to_string())
}
