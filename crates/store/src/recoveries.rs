//! Recoveries: jobs that make due again what a webhook missed since a time, some at a time.
//!
//! What a job has to do is fixed when it is made: it goes through the events that there are then,
//! in the order of their commit, and remembers how far it has come. So it goes on after a restart,
//! and what it has moved once it does not move again, whatever has become of it meanwhile.

use std::collections::BTreeSet;

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{RecoveryId, WebhookId},
    time::Timestamp,
};

use crate::{Listed, Page, Result};

/// What a webhook missed: its deliveries in some states, made since a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where the webhook belongs.
    pub environment: EnvironmentId,
    /// Which webhook.
    pub webhook: WebhookId,
    /// Those made then or later.
    pub since: Timestamp,
    /// Those in one of these states: held, exhausted, or both.
    pub states: BTreeSet<DeliveryState>,
}

/// A job that makes due again what a webhook missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub id: RecoveryId,
    /// What it is to make due again.
    pub missed: Missed,
    /// Where it stands.
    pub status: RecoveryStatus,
    /// How many there were when it was made, or are by now, if those are more.
    pub total: u64,
    /// How many it has made due again.
    pub recovered: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last moved something, or ended.
    pub updated_at: Timestamp,
}

/// Where a recovery stands. The number is what a store keeps; it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecoveryStatus {
    /// It goes on, or will.
    Running = 0,
    /// It has gone through everything.
    Done = 1,
    /// It was stopped on request, or with its webhook's deletion.
    Cancelled = 2,
}

impl RecoveryStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Cancelled];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this number, as a store kept it.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as u8 == code)
    }
}

impl std::str::FromStr for RecoveryStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// Which recoveries of an environment; all conditions hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryFilter {
    /// Only of this webhook.
    pub webhook: Option<WebhookId>,
    /// Only in this status.
    pub status: Option<RecoveryStatus>,
}

/// What came of making a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryCreated {
    /// It is there.
    Created,
    /// Another one of this webhook is running.
    AnotherIsRunning,
    /// There is no such webhook.
    UnknownWebhook,
}

/// What a step of a recovery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryStep {
    /// The job as it is now.
    pub recovery: Recovery,
    /// How many deliveries this step made due again.
    pub moved: u64,
}

/// Jobs that make due again what a webhook missed.
#[async_trait]
pub trait Recoveries: Send + Sync + 'static {
    /// How much a webhook missed. It is counted one by one, beside the writer.
    async fn count_missed(&self, missed: Missed) -> Result<u64>;

    /// Makes a job, as it is given. It will go through the events that are there now.
    async fn create_recovery(&self, recovery: Recovery) -> Result<RecoveryCreated>;

    /// The job with this id in this environment.
    async fn recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Option<Recovery>>;

    /// A page of the environment's jobs, newest first.
    async fn list_recoveries(
        &self,
        environment: EnvironmentId,
        filter: RecoveryFilter,
        page: Page,
    ) -> Result<Listed<Recovery>>;

    /// Stops a job that is running; answers it as it is then. What it has moved stays moved.
    async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
        at: Timestamp,
    ) -> Result<Option<Recovery>>;

    /// Up to `limit` running jobs of all environments, the oldest first.
    async fn running_recoveries(&self, limit: usize) -> Result<Vec<Recovery>>;

    /// Takes a step of a running job: of the webhook's deliveries in its states, looks at the next
    /// `limit` in the order of commit, and makes those due at `at` that were made since its time:
    /// pending, with a fresh schedule, while the numbers of their attempts go on. If fewer than
    /// `limit` were left, the job is done; if its webhook was deleted, it is cancelled and nothing
    /// moves. Counted in the same transaction. `None` if there is no such job.
    async fn recover_some(
        &self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Option<RecoveryStep>>;

    /// Removes jobs that ended before `before`, at most `limit`; answers how many.
    async fn expire_recoveries(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
