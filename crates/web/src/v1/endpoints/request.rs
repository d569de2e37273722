//! `GET /v1/endpoints/{id}/requests/{requestId}`: one request that a temporary endpoint keeps.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::{EndpointId, RequestId};
use herald_engine::Engine;

use super::KeptRequest;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Get a request that an endpoint keeps
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}/requests/{requestId}",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The endpoint's id"),
        ("requestId" = String, Path, description = "The request's id"),
    ),
    responses((status = 200, description = "The request", body = KeptRequest)),
)]
pub(crate) async fn get_request(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
    PathId(request): PathId<RequestId>,
) -> Result<Json<KeptRequest>> {
    Ok(Json(engine.kept_request(environment, id, request).await?.into()))
}
