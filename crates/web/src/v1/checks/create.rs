//! `POST /v1/checks`: makes a check of a client, pending.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Check, NewCheck};
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, SMALL, object_of},
    resource::Shown,
};

/// Create a check
///
/// It is pending until its result or its failure is reported. In the test environment it
/// completes by itself soon, as the client's last name says: `attention`, `rejected`, `failed`
/// (not processed) or `error` (the check fails); any other is clear.
#[utoipa::path(
    post,
    path = "/v1/checks",
    tag = "Checks",
    security(("accountKey" = [])),
    request_body = NewCheck,
    responses((status = 200, description = "The check", body = Check)),
)]
pub(crate) async fn create_check(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.create_resource(environment, Kind::Check, request).await?.into())
}
