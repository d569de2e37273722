//! `DELETE /v1/endpoints/{id}`: deletes a temporary endpoint with all that it keeps.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::id::EndpointId;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Delete a temporary endpoint
///
/// What it keeps goes with it. To a webhook with its URL, it answers 404 from now on.
#[utoipa::path(
    delete,
    path = "/v1/endpoints/{id}",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
) -> Result<StatusCode> {
    engine.delete_endpoint(environment, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
