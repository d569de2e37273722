//! `GET /v1/endpoints/{id}/live`: each request as it is kept, as server-sent events.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_domain::{account::EnvironmentId, id::EndpointId};
use herald_engine::{Access, Engine, Examined};
use http::HeaderMap;

use super::KeptRequest;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId, access},
    watching::{Viewer, last_seen, stream},
};

/// Watch what an endpoint gets
///
/// Server-sent events: an event `request` for each request as it is kept, with its number as the
/// event's id and the request as data. With `Last-Event-ID`, those after that number that are still
/// kept come first. An environment has 50 viewers at most, people who look at a page among them; one
/// more is refused with 429.
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}/live",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The endpoint's id"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event seen"),
    ),
    responses((
        status = 200,
        description = "Events, for as long as the endpoint is there",
        body = String,
        content_type = "text/event-stream",
    )),
)]
pub(crate) async fn watch_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
    headers: HeaderMap,
) -> Result<Response> {
    let viewing = engine.watch_endpoint(environment, id, last_seen(&headers)).await?;
    Ok(stream(viewing, Program { engine, environment, headers }))
}

/// A program that watches by the API, for as long as its key opens it.
struct Program {
    engine: Arc<Engine>,
    environment: EnvironmentId,
    /// Of the request, with the key in them.
    headers: HeaderMap,
}

impl Viewer for Program {
    fn lines(&self, examined: Examined) -> String {
        // One line: JSON has its line breaks escaped.
        let data = serde_json::to_string(&KeptRequest::from(examined))
            .expect("a request is maps, texts and numbers");
        format!("event: request\ndata: {data}")
    }

    async fn may_watch(&self) -> bool {
        // If that cannot be told right now, the client comes again.
        let access = access(&self.headers, &self.engine).await;
        matches!(access, Ok(Access::Environment(environment)) if environment == self.environment)
    }
}
