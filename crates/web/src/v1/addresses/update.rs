//! `POST /v1/addresses/{id}`: changes what is given, keeps the rest.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Address, AddressUpdate};
use crate::{
    error::Result,
    input::{AddressId, Body, EnvironmentKey, PathId, SMALL, object_of},
    resource::Shown,
};

/// Update an address
///
/// What is absent stays, `null` removes.
#[utoipa::path(
    post,
    path = "/v1/addresses/{id}",
    tag = "Addresses",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The address's id")),
    request_body = AddressUpdate,
    responses((status = 200, description = "The address as it is now", body = Address)),
)]
pub(crate) async fn update_address(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(AddressId(id)): PathId<AddressId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.update_resource(environment, Kind::Address, id, request).await?.into())
}
