#![allow(unused, clippy::unimplemented)]
//! Jobs that make due again what a webhook missed. A job goes through the index of unusual
//! deliveries by the event's number, and its row says how far it has come.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{AccountId, RecoveryId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    Listed, Missed, Page, Recoveries, Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus,
    RecoveryStep, Result, StoreError,
};

use crate::PostgresStore;

#[async_trait]
impl Recoveries for PostgresStore {
    async fn count_missed(&self, missed: Missed) -> Result<u64> {
        unimplemented!()
    }

    async fn create_recovery(&self, recovery: Recovery) -> Result<RecoveryCreated> {
        unimplemented!()
    }

    async fn recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Option<Recovery>> {
        unimplemented!()
    }

    async fn list_recoveries(
        &self,
        environment: EnvironmentId,
        filter: RecoveryFilter,
        page: Page,
    ) -> Result<Listed<Recovery>> {
        unimplemented!()
    }

    async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
        at: Timestamp,
    ) -> Result<Option<Recovery>> {
        unimplemented!()
    }

    async fn running_recoveries(&self, limit: usize) -> Result<Vec<Recovery>> {
        unimplemented!()
    }

    async fn recover_some(
        &self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Option<RecoveryStep>> {
        unimplemented!()
    }

    async fn expire_recoveries(&self, before: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }
}
