//! `GET /v1/events/{id}`: one event, byte for byte as it is stored, signed and sent.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use herald_domain::id::EventId;
use herald_engine::Engine;
use http::header;

use super::Event;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Get an event
///
/// The answer is byte for byte the body of its notifications.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    tag = "Events",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = Event)),
)]
pub(crate) async fn get_event(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EventId>,
) -> Result<impl IntoResponse> {
    let event = engine.event(environment, id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], event.body))
}
