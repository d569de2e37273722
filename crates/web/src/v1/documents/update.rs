//! `POST /v1/documents/{id}`: changes what is given, keeps the rest.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Document, DocumentUpdate};
use crate::{
    error::Result,
    input::{Body, DocumentId, EnvironmentKey, PathId, SMALL, object_of},
    resource::Shown,
};

/// Update a document
///
/// What is absent stays, `null` removes. Images are uploaded and deleted by themselves.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The document's id")),
    request_body = DocumentUpdate,
    responses((status = 200, description = "The document as it is now", body = Document)),
)]
pub(crate) async fn update_document(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let request = object_of(&body)?;
    Ok(engine.update_resource(environment, Kind::Document, id, request).await?.into())
}
