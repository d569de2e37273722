//! `GET /v1/recoveries/{id}`: how far a recovery has come.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::RecoveryId;
use herald_engine::Engine;

use super::Recovery;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Get a recovery
#[utoipa::path(
    get,
    path = "/v1/recoveries/{id}",
    tag = "Recoveries",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The recovery's id")),
    responses((status = 200, description = "The recovery", body = Recovery)),
)]
pub(crate) async fn get_recovery(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<RecoveryId>,
) -> Result<Json<Recovery>> {
    Ok(Json(engine.recovery(environment, id).await?.into()))
}
