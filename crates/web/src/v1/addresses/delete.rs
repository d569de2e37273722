//! `DELETE /v1/addresses/{id}`: deletes an address.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{AddressId, EnvironmentKey, PathId},
};

/// Delete an address
#[utoipa::path(
    delete,
    path = "/v1/addresses/{id}",
    tag = "Addresses",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The address's id")),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_address(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(AddressId(id)): PathId<AddressId>,
) -> Result<StatusCode> {
    engine.delete_resource(environment, Kind::Address, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
