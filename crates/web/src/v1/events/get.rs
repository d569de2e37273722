//! `GET /v1/events/{id}`: one event, byte for byte as it is stored, signed and sent.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use herald_domain::id::EventId;
use herald_engine::Engine;
use http::{HeaderName, header};

use super::Event;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// For which webhook alone a test event was.
const TEST_FOR: HeaderName = HeaderName::from_static("herald-test-for");

/// Get an event
///
/// The answer is byte for byte the body of its notifications, so what else there is to tell of it is
/// a header: for which webhook alone it was, if it is a test event.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    tag = "Events",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The event's id")),
    responses((
        status = 200,
        description = "The event",
        body = Event,
        headers(("Herald-Test-For" = String, description =
            "The id of the one webhook that it was for. Only of a test event.")),
    )),
)]
pub(crate) async fn get_event(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EventId>,
) -> Result<impl IntoResponse> {
    let event = engine.event(environment, id).await?;
    let test_for = engine.test_event_for(environment, id).await?;
    let test_for = test_for.map(|webhook| (TEST_FOR, webhook.to_string()));
    let content = [(header::CONTENT_TYPE, "application/json")];
    Ok((content, AppendHeaders(test_for), event.body))
}
