//! `POST /v1/recoveries/{id}/cancel`: stops a recovery.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::RecoveryId;
use herald_engine::Engine;

use super::Recovery;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Cancel a recovery
///
/// What has become pending stays so. One that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/v1/recoveries/{id}/cancel",
    tag = "Recoveries",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The recovery's id")),
    responses((status = 200, description = "The recovery as it is now", body = Recovery)),
)]
pub(crate) async fn cancel_recovery(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<RecoveryId>,
) -> Result<Json<Recovery>> {
    Ok(Json(engine.cancel_recovery(environment, id).await?.into()))
}
