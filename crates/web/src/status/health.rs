//! `GET /healthz`: whether the background work moves. A supervisor restarts Herald if it does not.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_engine::Engine;

use super::{Status, answer};

/// Whether events move
///
/// Not only that a port answers: a background loop that is stuck makes it fail.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Status",
    responses(
        (status = 200, description = "All is well", body = Status),
        (status = 503, description = "Something is stuck", body = Status),
    ),
)]
pub(crate) async fn get_health(State(engine): State<Arc<Engine>>) -> Response {
    answer(engine.health())
}
