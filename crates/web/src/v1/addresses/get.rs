//! `GET /v1/addresses/{id}`: one address.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::Address;
use crate::{
    error::Result,
    input::{AddressId, EnvironmentKey, PathId},
    resource::Shown,
};

/// Get an address
#[utoipa::path(
    get,
    path = "/v1/addresses/{id}",
    tag = "Addresses",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The address's id")),
    responses((status = 200, description = "The address", body = Address)),
)]
pub(crate) async fn get_address(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(AddressId(id)): PathId<AddressId>,
) -> Result<Shown> {
    Ok(engine.resource(environment, Kind::Address, id).await?.into())
}
