//! `GET /v1/checks/{id}`: one check.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::Check;
use crate::{
    error::Result,
    input::{CheckId, EnvironmentKey, PathId},
    resource::Shown,
};

/// Get a check
#[utoipa::path(
    get,
    path = "/v1/checks/{id}",
    tag = "Checks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    responses((status = 200, description = "The check", body = Check)),
)]
pub(crate) async fn get_check(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(CheckId(id)): PathId<CheckId>,
) -> Result<Shown> {
    Ok(engine.resource(environment, Kind::Check, id).await?.into())
}
