//! `POST /v1/clients`: makes a client.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Client, NewClient};
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, SMALL, object_of},
    resource::Shown,
};

/// Create a client
#[utoipa::path(
    post,
    path = "/v1/clients",
    tag = "Clients",
    security(("accountKey" = [])),
    request_body = NewClient,
    responses((status = 200, description = "The client", body = Client)),
)]
pub(crate) async fn create_client(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.create_resource(environment, Kind::Client, request).await?.into())
}
