//! `GET /v1/endpoints/{id}`: one temporary endpoint.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::EndpointId;
use herald_engine::Engine;

use super::Endpoint;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Get a temporary endpoint
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = Endpoint)),
)]
pub(crate) async fn get_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
) -> Result<Json<Endpoint>> {
    Ok(Json(engine.endpoint(environment, id).await?.into()))
}
