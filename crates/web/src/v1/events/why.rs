//! `GET /v1/events/{id}/why`: what became of an event for each webhook, and why.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{
    id::{DeliveryId, EventId, WebhookId},
    problem::Problem,
    time::Timestamp,
};
use herald_engine::{Engine, Why};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    error::Result,
    input::{EnvironmentKey, PathId, Query},
};

/// For whom.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what the query is read for")]
pub(crate) struct Params {
    /// Only for this webhook.
    webhook_id: Option<String>,
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Why)]
pub(crate) struct Answer {
    /// For each webhook that there is, and for deleted ones that it was delivered to.
    items: Vec<Item>,
}

/// What became of an event for one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhyItem)]
struct Item {
    /// Which webhook; it may be deleted by now.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb1")]
    webhook_id: WebhookId,
    /// Its URL, unless it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://example.com/hooks")]
    url: Option<String>,
    /// Whether the event matched it, so that a delivery was made.
    matched: bool,
    /// By which entry of its `events` the type matches, as they are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "*")]
    rule: Option<String>,
    /// What happened, or what it waits for: `delivered`, `due`, `waits_for_retry`,
    /// `waits_for_enabling`, `exhausted`, `held`, `webhook_deleted`, `webhook_made_later`,
    /// `not_asked_for`, `asked_for_later`, `test_event`.
    #[schema(example = "waits_for_retry")]
    reason: &'static str,
    /// The same for people.
    #[schema(example = "2 attempts failed; the next one is due at 2026-01-31 09:33:00 UTC.")]
    explanation: String,
    /// When it goes on, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    until: Option<Timestamp>,
    /// The delivery, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "5eb04fcd0f3e360008035eb3")]
    delivery_id: Option<DeliveryId>,
}

impl From<Why> for Item {
    fn from(why: Why) -> Self {
        let Why { webhook, url, explanation, delivery } = why;
        Self {
            webhook_id: webhook,
            url,
            matched: explanation.matched,
            rule: explanation.rule,
            reason: explanation.reason.as_str(),
            explanation: explanation.explanation,
            until: explanation.until,
            delivery_id: delivery.map(|delivery| delivery.id),
        }
    }
}

/// Tell why an event was sent, or not
///
/// For each webhook: whether the event matched it, by which entry of its `events`, and what
/// happened or what it is waiting for.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/why",
    tag = "Events",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The event's id"), Params),
    responses((status = 200, description = "What became of it", body = Answer)),
)]
pub(crate) async fn why_event(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EventId>,
    mut query: Query,
) -> Result<Json<Answer>> {
    let webhook: Option<WebhookId> = query.parsed("webhookId");
    if query.is_unanswerable() {
        engine.event(environment, id).await?;
        let message = "'webhookId' should be the id of a webhook";
        return Err(Problem::invalid("webhookId", message).into());
    }
    let found = engine.why(environment, id, webhook).await?;
    Ok(Json(Answer { items: found.into_iter().map(Item::from).collect() }))
}
