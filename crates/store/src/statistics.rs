//! Statistics of attempts, hour by hour, of a webhook or of a whole environment.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId, id::WebhookId, statistics::AttemptTally, time::Timestamp,
};

use crate::{Result, TimeRange};

/// What was counted of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourTally {
    /// When the hour began.
    pub hour: Timestamp,
    /// The attempts that ended in it.
    pub tally: AttemptTally,
}

/// Statistics of attempts. Every attempt that is recorded is counted in the same transaction, in
/// the hour in which it ended.
#[async_trait]
pub trait Statistics: Send + Sync + 'static {
    /// The hours that begin within the range and have attempts, oldest first: to this webhook, or
    /// to any of the environment. They outlive the attempts that they count.
    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: Option<WebhookId>,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>>;

    /// Removes what was counted of hours before `before`, at most `limit` counts (an hour of a
    /// webhook has one for each class of duration), and answers how many; fewer than `limit` means
    /// that nothing is left.
    async fn expire_statistics(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
