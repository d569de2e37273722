//! The model's answers to what people ask.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    attempt::Answer,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
};

use super::{Data, DeliveryRow, EventRow, Model, paged};
use crate::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, History, Listed,
    NumberedAttempt, Page, Result,
};

#[async_trait]
impl History for Model {
    async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Option<Event>> {
        let data = self.data();
        let mut rows = data.events.values();
        let found = rows.find(|row| row.environment == environment && row.event.id == id);
        Ok(found.map(|row| row.event.clone()))
    }

    async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>> {
        let data = self.data();
        let mut rows = data.events.values();
        let found = rows.find(|row| row.environment == environment && row.event.id == id);
        Ok(found.and_then(|row| row.test_for))
    }

    async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>> {
        let data = self.data();
        let rows = data.events.values().filter(|row| row.environment == environment);
        let kept = rows.filter(|row| keeps_event(&filter, row)).map(|row| row.event.clone());
        Ok(paged(kept.collect(), page))
    }

    async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>> {
        Ok(self.data().views(environment).into_iter().find(|view| view.id == id))
    }

    async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>> {
        let mut views = self.data().views(environment);
        views.retain(|view| keeps_delivery(&filter, view));
        Ok(paged(views, page))
    }

    async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        let mut views = self.data().views(environment);
        views.retain(|view| view.webhook == webhook && view.due_at.is_some());
        views.sort_by_key(|view| view.due_at);
        views.truncate(limit);
        Ok(views)
    }

    async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>> {
        let data = self.data();
        let views = data.views(environment);
        let mut here: Vec<_> = data
            .webhooks
            .iter()
            .filter(|row| row.webhook.environment == environment && !row.deleted)
            .map(|row| row.webhook.id)
            .collect();
        here.sort_unstable();
        let count = |webhook, state| {
            let of_it = |view: &&DeliveryView| view.webhook == webhook && view.state == state;
            views.iter().filter(of_it).count() as u64
        };
        let counts = |id: WebhookId| DeliveryCounts::of(id, |state| count(id, state));
        Ok(here.into_iter().map(counts).collect())
    }

    async fn attempts(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Vec<NumberedAttempt>> {
        let data = self.data();
        let mut rows = data.deliveries.values();
        let found = rows.find(|row| row.environment == environment && row.id == id);
        let merged =
            |row: &DeliveryRow| NumberedAttempt::merged(row.log.clone(), row.manual.clone());
        Ok(found.map(merged).unwrap_or_default())
    }

    async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books> {
        let data = self.data();
        let rows = data.deliveries.values().map(|row| (row.environment, row.state));
        let all = rows.chain(data.expired.iter().copied());
        let asked = all.filter(|(of, _)| environment.is_none_or(|wanted| wanted == *of));
        Ok(asked.fold(Books::default(), |books, (_, state)| counting(books, state)))
    }
}

impl Data {
    /// Every delivery of an environment, the oldest first.
    fn views(&self, environment: EnvironmentId) -> Vec<DeliveryView> {
        let rows = self.deliveries.iter().filter(|(_, row)| row.environment == environment);
        rows.map(|((sequence, webhook), row)| view(&self.events[sequence].event, *webhook, row))
            .collect()
    }
}

fn view(event: &Event, webhook: WebhookId, row: &DeliveryRow) -> DeliveryView {
    let last = row.last.as_ref();
    DeliveryView {
        id: row.id,
        event: event.id,
        event_type: event.event_type.clone(),
        webhook,
        state: row.state,
        attempts: row.attempts(),
        due_at: Some(row.due_at).filter(|_| row.state == DeliveryState::Pending),
        on_request: row.state == DeliveryState::Delivered
            && !row.log.iter().any(|scheduled| scheduled.attempt.answer.is_success()),
        last_status: last.and_then(Answer::status),
        last_error: last.and_then(Answer::error_class),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn keeps_event(filter: &EventFilter, row: &EventRow) -> bool {
    let EventRow { event, .. } = row;
    filter.event_type.as_ref().is_none_or(|wanted| *wanted == event.event_type)
        && filter.resource_type.as_ref().is_none_or(|wanted| *wanted == event.resource_type)
        && filter.created.contains(event.created_at)
}

fn keeps_delivery(filter: &DeliveryFilter, view: &DeliveryView) -> bool {
    filter.webhook.is_none_or(|wanted| wanted == view.webhook)
        && filter.event.is_none_or(|wanted| wanted == view.event)
        && filter.state.is_none_or(|wanted| wanted == view.state)
        && filter.event_type.as_ref().is_none_or(|wanted| *wanted == view.event_type)
        && filter.created.contains(view.created_at)
        && filter.updated.contains(view.updated_at)
}

fn counting(mut books: Books, state: DeliveryState) -> Books {
    books.accepted += 1;
    *match state {
        DeliveryState::Pending => &mut books.pending,
        DeliveryState::Delivered => &mut books.delivered,
        DeliveryState::Exhausted => &mut books.exhausted,
        DeliveryState::Held => &mut books.held,
        DeliveryState::Cancelled => &mut books.cancelled,
    } += 1;
    books
}
