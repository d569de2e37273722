//! "Was it sent, and why not?", for an event and each webhook.

use herald_domain::{
    account::EnvironmentId,
    event::Event,
    id::{EventId, WebhookId},
    problem::Problem,
    webhook::Webhook,
    why::{Explanation, Facts, Progress, explain},
};
use herald_store::{DeliveryFilter, DeliveryView, Page, WebhookFilter};

use crate::{Engine, Result};

/// Webhooks and deliveries that one answer tells of.
const MOST: u32 = 1_000;

/// What became of an event for one webhook.
#[derive(Clone, Debug)]
pub struct Why {
    /// Which webhook; it may be deleted by now.
    pub webhook: WebhookId,
    /// Its URL, unless it is deleted.
    pub url: Option<String>,
    /// What became of it.
    pub explanation: Explanation,
    /// The event's delivery to it, if there is one.
    pub delivery: Option<DeliveryView>,
}

impl Engine {
    /// What became of an event for a webhook, or for every webhook that there is or was delivered
    /// to. A webhook that is neither is not found.
    pub async fn why(
        &self,
        environment: EnvironmentId,
        event: EventId,
        webhook: Option<WebhookId>,
    ) -> Result<Vec<Why>> {
        let event = self.event(environment, event).await?;
        let page = Page::new(1, MOST).unwrap_or_default();
        let filter = DeliveryFilter { event: Some(event.id), webhook, ..DeliveryFilter::default() };
        let mut deliveries = self.store.list_deliveries(environment, filter, page).await?.items;
        let webhooks = if let Some(id) = webhook {
            self.store.webhook(environment, id).await?.into_iter().collect()
        } else {
            let all = WebhookFilter::default();
            self.store.list_webhooks(environment, all, page).await?.items
        };
        let test_for = self.store.test_event_for(environment, event.id).await?;
        let event = (&event, test_for);
        let mut found: Vec<Why> = Vec::with_capacity(webhooks.len());
        for webhook in &webhooks {
            let delivery = deliveries.iter().position(|one| one.webhook == webhook.id);
            let delivery = delivery.map(|place| deliveries.swap_remove(place));
            found.push(self.explained(event, webhook.id, Some(webhook), delivery));
        }
        let of_deleted = deliveries.into_iter();
        found.extend(of_deleted.map(|one| self.explained(event, one.webhook, None, Some(one))));
        match webhook {
            Some(id) if found.is_empty() => {
                Err(Problem::not_found("webhook", &id.to_string()).blaming("webhookId").into())
            }
            _ => Ok(found),
        }
    }

    /// What became of an event for a webhook that it has a delivery to, as that was read.
    pub fn explain(
        &self,
        event: &Event,
        webhook: Option<&Webhook>,
        delivery: &DeliveryView,
    ) -> Explanation {
        self.explanation((event, None), webhook, Some(delivery))
    }

    /// The same with or without a delivery; an event comes with the one webhook that it was for.
    fn explanation(
        &self,
        (event, test_for): (&Event, Option<WebhookId>),
        webhook: Option<&Webhook>,
        delivery: Option<&DeliveryView>,
    ) -> Explanation {
        explain(&Facts {
            event_type: &event.event_type,
            event_at: event.created_at,
            test_for,
            webhook,
            delivery: delivery.map(|delivery| Progress {
                state: delivery.state,
                attempts: delivery.attempts,
                due_at: delivery.due_at,
                on_request: delivery.on_request,
            }),
            now: self.clock.now(),
        })
    }

    fn explained(
        &self,
        event: (&Event, Option<WebhookId>),
        id: WebhookId,
        webhook: Option<&Webhook>,
        delivery: Option<DeliveryView>,
    ) -> Why {
        let explanation = self.explanation(event, webhook, delivery.as_ref());
        Why { webhook: id, url: webhook.map(|one| one.url.clone()), explanation, delivery }
    }
}
