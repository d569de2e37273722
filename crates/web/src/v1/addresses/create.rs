//! `POST /v1/addresses`: makes an address of a client.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Address, NewAddress};
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, SMALL, object_of},
    resource::Shown,
};

/// Create an address
#[utoipa::path(
    post,
    path = "/v1/addresses",
    tag = "Addresses",
    security(("accountKey" = [])),
    request_body = NewAddress,
    responses((status = 200, description = "The address", body = Address)),
)]
pub(crate) async fn create_address(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.create_resource(environment, Kind::Address, request).await?.into())
}
