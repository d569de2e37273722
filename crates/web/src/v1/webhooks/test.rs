//! `POST /v1/webhooks/{id}/test`: sends a sample of an event type to one webhook.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{
    id::{DeliveryId, EventId, WebhookId},
    problem::Problem,
};
use herald_engine::{Engine, TestEvent};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    input::{Body, EnvironmentKey, Fields, PathId, SMALL, TEXT},
};

/// What to send. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = TestEventRequest)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// A name of the catalogue; the webhook need not have asked for it.
    #[schema(rename = "type", example = "client.created")]
    event_type: String,
}

/// What was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestEvent)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// The event, whose payload is a sample of its type.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb2")]
    event_id: EventId,
    /// Its only delivery.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb3")]
    delivery_id: DeliveryId,
}

fn read(body: &[u8]) -> Result<String, Problem> {
    Fields::parse(body)?.required("type", TEXT)
}

/// Send a test event
///
/// A realistic sample of the type, to this webhook only. It is signed, retried and shown like any
/// other event. A disabled webhook is sent nothing (422 `webhook_disabled`).
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = Request,
    responses((status = 202, description = "It is on its way", body = Accepted)),
)]
pub(crate) async fn send_test_event(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
    Body(body): Body<SMALL>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let sent = engine.send_test_event(environment, id, &read(&body)?).await?;
    let TestEvent { event, delivery } = sent;
    Ok((StatusCode::ACCEPTED, Json(Accepted { event_id: event, delivery_id: delivery })))
}
