//! `GET /readyz`: whether new work would be accepted. A load balancer looks elsewhere if not.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_engine::Engine;

use super::{Status, answer};

/// Whether new work would be accepted
///
/// The store can commit, nothing is stuck, and Herald is not shutting down.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Status",
    responses(
        (status = 200, description = "Ready", body = Status),
        (status = 503, description = "Not ready", body = Status),
    ),
)]
pub(crate) async fn get_readiness(State(engine): State<Arc<Engine>>) -> Response {
    answer(engine.readiness().await)
}
