//! `DELETE /v1/clients/{id}`: deletes a client, its addresses and its documents.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{ClientId, EnvironmentKey, PathId},
};

/// Delete a client
///
/// Its addresses and documents are deleted with it. Its checks stay.
#[utoipa::path(
    delete,
    path = "/v1/clients/{id}",
    tag = "Clients",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The client's id")),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_client(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(ClientId(id)): PathId<ClientId>,
) -> Result<StatusCode> {
    engine.delete_resource(environment, Kind::Client, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
