//! `GET /v1/documents/{id}`: one document.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::Document;
use crate::{
    error::Result,
    input::{DocumentId, EnvironmentKey, PathId},
    resource::Shown,
};

/// Get a document
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The document's id")),
    responses((status = 200, description = "The document", body = Document)),
)]
pub(crate) async fn get_document(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
) -> Result<Shown> {
    Ok(engine.resource(environment, Kind::Document, id).await?.into())
}
