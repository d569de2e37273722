//! `GET /metrics`: what is measured, for Prometheus. Counts and durations of the whole; no label
//! names an account, so it needs no key. Whoever wants it private blocks the path at the proxy.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use herald_engine::Engine;
use http::header;

use crate::error::Result;

/// The format that the engine's encoder writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is measured
///
/// OpenMetrics text, as Prometheus scrapes it.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Status",
    responses((
        status = 200,
        description = "The metrics",
        body = String,
        content_type = "application/openmetrics-text",
    )),
)]
pub(crate) async fn get_metrics(State(engine): State<Arc<Engine>>) -> Result<impl IntoResponse> {
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], engine.metrics_text().await?))
}
