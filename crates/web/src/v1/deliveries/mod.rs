//! Deliveries: was it sent, what was answered, when is it tried again, why not?

pub(crate) mod attempt;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod resend;

use herald_domain::{
    attempt::ErrorClass,
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
};
use herald_store::DeliveryView;
use serde::Serialize;
use utoipa::ToSchema;

/// The delivery of one event to one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb3")]
    id: DeliveryId,
    /// Of which event.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb2")]
    event_id: EventId,
    /// Of which type.
    #[schema(example = "client.created")]
    event_type: String,
    /// To which webhook, which may be deleted by now.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb1")]
    webhook_id: WebhookId,
    /// `pending`, `delivered`, `exhausted` (all retries failed), `held` (the webhook was
    /// disabled) or `cancelled` (the webhook was deleted).
    #[schema(example = "pending")]
    state: &'static str,
    /// How many scheduled attempts were made.
    #[schema(example = 1)]
    attempt_count: u32,
    /// When the next attempt is due; only while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    next_attempt_at: Option<Timestamp>,
    /// The last attempt's HTTP status, if it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 503)]
    last_status: Option<u16>,
    /// The last attempt's class of failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "status")]
    last_error: Option<&'static str>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When anything last happened to it.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

impl From<DeliveryView> for Delivery {
    fn from(delivery: DeliveryView) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event,
            event_type: delivery.event_type,
            webhook_id: delivery.webhook,
            state: delivery.state.as_str(),
            attempt_count: delivery.attempts,
            next_attempt_at: delivery.due_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error.map(ErrorClass::as_str),
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}
