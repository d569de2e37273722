//! Test events: a sample of a type, for one webhook alone, whether or not it asked for the type.
//!
//! Apart from that it is an event like every other: recorded with its delivery in one transaction,
//! signed, retried on the schedule, shown among the deliveries.

use herald_domain::{
    account::EnvironmentId,
    catalogue::EventType,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
    problem::Problem,
    raise::known_type,
    samples,
};
use herald_store::{DeliveryFilter, Page, Record, Recorded};

use crate::{Engine, EngineError, Result, accounts::unknown_account};

/// A test event that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestEvent {
    /// The event.
    pub event: EventId,
    /// Its only delivery.
    pub delivery: DeliveryId,
}

impl Engine {
    /// What an event of this type looks like.
    pub fn sample(&self, event_type: &EventType) -> Event {
        samples::shown(event_type)
    }

    /// Sends a sample of this type to a webhook: durable and handed to the dispatcher when this
    /// returns.
    pub async fn send_test_event(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        event_type: &str,
    ) -> Result<TestEvent> {
        let event_type = known_type(&self.catalogue, event_type)?;
        let now = self.clock.now();
        let event = Event::new(EventId(self.ids.next(now)), &samples::sample(event_type), now);
        let id = event.id;
        let record = Record {
            environment,
            writes: Vec::new(),
            events: vec![event],
            idempotency: None,
            only: Some(webhook),
            at: now,
        };
        match self.record(record).await? {
            Recorded::Accepted { .. } => self.only_delivery(environment, id).await,
            Recorded::Unwelcome => {
                self.webhook(environment, webhook).await?;
                Err(webhook_disabled().into())
            }
            Recorded::UnknownAccount => Err(unknown_account(environment.account).into()),
            Recorded::Conflict | Recorded::Replayed(_) | Recorded::KeyReused => {
                let defect = "a record without writes or a key is refused";
                Err(EngineError::Internal(defect.to_owned()))
            }
        }
    }

    async fn only_delivery(&self, environment: EnvironmentId, event: EventId) -> Result<TestEvent> {
        let filter = DeliveryFilter { event: Some(event), ..DeliveryFilter::default() };
        let listed = self.store.list_deliveries(environment, filter, Page::default()).await?;
        let delivery = listed.items.first().map(|delivery| delivery.id).ok_or_else(|| {
            EngineError::Internal(format!("the test event {event} has no delivery"))
        })?;
        Ok(TestEvent { event, delivery })
    }
}

fn webhook_disabled() -> Problem {
    let message = "the webhook is disabled, so nothing is sent to it; enable it first";
    Problem::unprocessable("webhook_disabled", message)
}
