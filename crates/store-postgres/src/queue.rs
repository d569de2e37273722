#![allow(unused, clippy::unimplemented)]
//! Yet to be written.
use std::sync::Arc;
use async_trait::async_trait;
use herald_domain::{id::WebhookId, time::Timestamp};
use herald_store::{Claim, DeliveryKey, Due, ManualAttempt, Queue, Result, Settled, Settlement};
use crate::PostgresStore;
#[async_trait]
impl Queue for PostgresStore {
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> { unimplemented!() }
    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()> { unimplemented!() }
    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Settled> { unimplemented!() }
    async fn settle_manual(&self, manual: ManualAttempt) -> Result<Option<u32>> { unimplemented!() }
    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> { unimplemented!() }
}
