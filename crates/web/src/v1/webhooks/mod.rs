//! Webhooks: where an environment's notifications go, and which it asked for.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod recover;
pub(crate) mod rotate_secret;
pub(crate) mod statistics;
pub(crate) mod switch_secret;
pub(crate) mod test;
pub(crate) mod update;

use herald_domain::{
    id::{DeliveryId, WebhookId},
    rotation::Rotation,
    signature::Secret,
    time::Timestamp,
    webhook,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb2")]
    id: WebhookId,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Orders service")]
    description: Option<String>,
    /// Where notifications are POSTed.
    #[schema(example = "https://example.com/hooks")]
    url: String,
    /// Whether notifications flow. While they do not, matching events are held.
    enabled: bool,
    /// Which event types it asked for; `*` means all.
    #[schema(example = json!(["client.created", "check.completed"]))]
    events: Vec<String>,
    /// Its signing secret. Only in the answer to the creation, and to a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
    /// The rotation of its secret that is under way; absent while one secret counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret_rotation: Option<SecretRotation>,
    /// Why Herald disabled it; absent once it is enabled again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_reason: Option<String>,
    /// When Herald disabled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    disabled_at: Option<Timestamp>,
    /// That it is close to being disabled: a delivery to it has few attempts left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failing: Option<Failing>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

/// That a webhook is close to being disabled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookFailing)]
struct Failing {
    /// The delivery that disables it if its last attempt fails too.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb3")]
    delivery_id: DeliveryId,
    /// Since when the webhook has been so.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    since: Timestamp,
    /// Attempts of that delivery that are left.
    #[schema(example = 3)]
    attempts_left: u32,
    /// When the last one is, at the earliest.
    #[schema(value_type = String, format = DateTime, example = "2026-02-03T09:30:00.000Z")]
    last_attempt_at: Timestamp,
}

impl From<webhook::Failing> for Failing {
    fn from(failing: webhook::Failing) -> Self {
        Self {
            delivery_id: failing.delivery,
            since: failing.since,
            attempts_left: failing.attempts_left,
            last_attempt_at: failing.last_attempt_at,
        }
    }
}

/// A rotation of a webhook's secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretRotation {
    /// Until when the secret before counts beside the new one.
    #[schema(value_type = String, format = DateTime, example = "2026-02-01T09:30:00.000Z")]
    overlap_until: Timestamp,
    /// Whether `Complycube-Signature` is made with the new secret already.
    #[schema(example = false)]
    switched: bool,
}

impl From<Rotation> for SecretRotation {
    fn from(rotation: Rotation) -> Self {
        Self { overlap_until: rotation.until, switched: rotation.switched }
    }
}

impl From<webhook::Webhook> for Webhook {
    fn from(webhook: webhook::Webhook) -> Self {
        let (disabled_reason, disabled_at) =
            webhook.disabled.map(|disabled| (disabled.reason, disabled.at)).unzip();
        Self {
            id: webhook.id,
            description: webhook.description,
            url: webhook.url,
            enabled: webhook.enabled,
            events: webhook.events.names().to_vec(),
            secret: None,
            secret_rotation: webhook.rotation.map(SecretRotation::from),
            disabled_reason,
            disabled_at,
            failing: webhook.failing.map(Failing::from),
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl Webhook {
    /// This webhook with its secret shown: once.
    fn with_secret(self, secret: &Secret) -> Self {
        Self { secret: Some(secret.reveal().to_owned()), ..self }
    }
}
