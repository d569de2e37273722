//! What people ask: events, deliveries, attempts, the books.

use herald_domain::{
    account::EnvironmentId,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
    problem::Problem,
};
use herald_store::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, Listed, NumberedAttempt, Page,
};

use crate::{Engine, Result};

impl Engine {
    /// The event with this id.
    pub async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Event> {
        let event = self.store.event(environment, id).await?;
        Ok(event.ok_or_else(|| Problem::not_found("event", &id.to_string()))?)
    }

    /// The one webhook that an event was for, if it is a test event.
    pub async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>> {
        Ok(self.store.test_event_for(environment, id).await?)
    }

    /// A page of the environment's events, newest first.
    pub async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>> {
        Ok(self.store.list_events(environment, filter, page).await?)
    }

    /// The delivery with this id, and its attempts, the first one first.
    pub async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<(DeliveryView, Vec<NumberedAttempt>)> {
        let delivery = self.store.delivery(environment, id).await?;
        let delivery = delivery.ok_or_else(|| Problem::not_found("delivery", &id.to_string()))?;
        let attempts = self.store.attempts(environment, id).await?;
        Ok((delivery, attempts))
    }

    /// A page of the environment's deliveries, newest first.
    pub async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>> {
        Ok(self.store.list_deliveries(environment, filter, page).await?)
    }

    /// The pending deliveries of a webhook of which the next attempts are due first, at most
    /// `limit`, the soonest first.
    pub async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        Ok(self.store.next_attempts(environment, webhook, limit).await?)
    }

    /// How many deliveries each of the environment's webhooks has, in the order of their ids.
    pub async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>> {
        Ok(self.store.delivery_counts(environment).await?)
    }

    /// The books of one environment, or of all together (promise 2).
    pub async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books> {
        Ok(self.store.books(environment).await?)
    }
}
