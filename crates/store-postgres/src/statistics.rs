#![allow(unused, clippy::unimplemented)]
//! Statistics of attempts: read from their counts, which `tally` keeps.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    statistics::{AttemptTally, CLASSES},
    time::Timestamp,
};
use herald_store::{HourTally, Result, Statistics, StoreError, TimeRange};

use crate::PostgresStore;

#[async_trait]
impl Statistics for PostgresStore {
    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: Option<WebhookId>,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>> {
        unimplemented!()
    }

    async fn expire_statistics(&self, before: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }
}
