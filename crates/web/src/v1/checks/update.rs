//! `POST /v1/checks/{id}`: starts or stops the monitoring of a screening.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Check, CheckUpdate};
use crate::{
    error::Result,
    input::{Body, CheckId, EnvironmentKey, PathId, SMALL, object_of},
    resource::Shown,
};

/// Update a check
///
/// Only a screening that is complete can be updated, and only its `enableMonitoring`.
#[utoipa::path(
    post,
    path = "/v1/checks/{id}",
    tag = "Checks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    request_body = CheckUpdate,
    responses((status = 200, description = "The check as it is now", body = Check)),
)]
pub(crate) async fn update_check(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(CheckId(id)): PathId<CheckId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.update_resource(environment, Kind::Check, id, request).await?.into())
}
