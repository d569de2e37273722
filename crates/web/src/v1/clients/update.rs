//! `POST /v1/clients/{id}`: changes what is given, keeps the rest.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Client, ClientUpdate};
use crate::{
    error::Result,
    input::{Body, ClientId, EnvironmentKey, PathId, SMALL, object_of},
    resource::Shown,
};

/// Update a client
///
/// What is absent stays, `null` removes. Details are merged field by field; metadata is
/// replaced as a whole. Details of the other type are ignored.
#[utoipa::path(
    post,
    path = "/v1/clients/{id}",
    tag = "Clients",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The client's id")),
    request_body = ClientUpdate,
    responses((status = 200, description = "The client as it is now", body = Client)),
)]
pub(crate) async fn update_client(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(ClientId(id)): PathId<ClientId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.update_resource(environment, Kind::Client, id, request).await?.into())
}
