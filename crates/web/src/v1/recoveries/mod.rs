//! Recoveries: jobs that send again what a webhook missed.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;

use herald_domain::{
    delivery::DeliveryState,
    id::{RecoveryId, WebhookId},
    time::Timestamp,
};
use herald_store as store;
use serde::Serialize;
use utoipa::ToSchema;

/// A job that sends again what a webhook missed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recovery {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb4")]
    id: RecoveryId,
    /// Of which webhook.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb1")]
    webhook_id: WebhookId,
    /// Deliveries that were made then or later.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    since: Timestamp,
    /// Which of them: `held`, `exhausted`, or both.
    #[schema(value_type = Vec<String>, example = json!(["held", "exhausted"]))]
    states: Vec<&'static str>,
    /// `running`, `done`, or `cancelled` (on request, or with the webhook's deletion).
    #[schema(example = "running")]
    status: &'static str,
    /// How many there were to recover.
    #[schema(example = 1000)]
    total: u64,
    /// How many have become pending again; what was delivered or forgotten meanwhile is not.
    #[schema(example = 500)]
    recovered: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it last recovered something, or ended.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

impl From<store::Recovery> for Recovery {
    fn from(recovery: store::Recovery) -> Self {
        let store::Missed { webhook, since, states, .. } = recovery.missed;
        Self {
            id: recovery.id,
            webhook_id: webhook,
            since,
            states: states.into_iter().rev().map(DeliveryState::as_str).collect(),
            status: recovery.status.as_str(),
            total: recovery.total,
            recovered: recovery.recovered,
            created_at: recovery.created_at,
            updated_at: recovery.updated_at,
        }
    }
}
