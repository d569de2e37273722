#![allow(unused, clippy::unimplemented)]
//! What people ask, read beside the writer; `lists` has the lists.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, History, Listed,
    NumberedAttempt, Page, Result,
};

use crate::PostgresStore;

#[async_trait]
impl History for PostgresStore {
    async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Option<Event>> {
        unimplemented!()
    }

    async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>> {
        unimplemented!()
    }

    async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>> {
        unimplemented!()
    }

    async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>> {
        unimplemented!()
    }

    async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>> {
        unimplemented!()
    }

    async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        unimplemented!()
    }

    async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>> {
        unimplemented!()
    }

    async fn attempts(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Vec<NumberedAttempt>> {
        unimplemented!()
    }

    async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books> {
        unimplemented!()
    }
}
