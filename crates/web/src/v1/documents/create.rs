//! `POST /v1/documents`: makes a document of a client, without images.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Document, NewDocument};
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, SMALL, object_of},
    resource::Shown,
};

/// Create a document
///
/// Its images are uploaded afterwards, one for each side.
#[utoipa::path(
    post,
    path = "/v1/documents",
    tag = "Documents",
    security(("accountKey" = [])),
    request_body = NewDocument,
    responses((status = 200, description = "The document", body = Document)),
)]
pub(crate) async fn create_document(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.create_resource(environment, Kind::Document, request).await?.into())
}
