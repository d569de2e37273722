//! `GET /v1/clients/{id}`: one client.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::Client;
use crate::{
    error::Result,
    input::{ClientId, EnvironmentKey, PathId},
    resource::Shown,
};

/// Get a client
#[utoipa::path(
    get,
    path = "/v1/clients/{id}",
    tag = "Clients",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The client's id")),
    responses((status = 200, description = "The client", body = Client)),
)]
pub(crate) async fn get_client(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(ClientId(id)): PathId<ClientId>,
) -> Result<Shown> {
    Ok(engine.resource(environment, Kind::Client, id).await?.into())
}
