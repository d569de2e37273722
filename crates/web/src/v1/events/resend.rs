//! `POST /v1/events/{id}/resend`: one attempt now at each delivery of an event, or at one of them.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{
    id::{EventId, WebhookId},
    problem::Problem,
};
use herald_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    input::{Body, EnvironmentKey, Fields, ID, PathId, SMALL},
    v1::deliveries::resend,
};

/// To whom.
#[derive(ToSchema)]
#[schema(as = EventResend, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// Only to this webhook; absent, to every webhook that the event matched and that is not
    /// deleted.
    #[schema(example = "5eb04fcd0f3e360008035eb1")]
    webhook_id: Option<String>,
}

fn read(body: &[u8]) -> Result<Option<WebhookId>, Problem> {
    Ok(Fields::parse(body)?.optional("webhookId", ID)?.map(WebhookId))
}

/// What came of each.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventResent)]
pub(crate) struct Answer {
    /// One for each delivery.
    items: Vec<resend::Answer>,
}

/// Resend an event
///
/// As if each of its deliveries were resent: one attempt at once, the answer when all have ended.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/resend",
    tag = "Events",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The event's id")),
    request_body = Request,
    responses((status = 200, description = "What came of it", body = Answer)),
)]
pub(crate) async fn resend_event(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EventId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Answer>> {
    let resent = engine.resend_event(environment, id, read(&body)?).await?;
    Ok(Json(Answer { items: resent.into_iter().map(resend::Answer::from).collect() }))
}
