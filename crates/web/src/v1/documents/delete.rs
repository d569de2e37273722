//! `DELETE /v1/documents/{id}`: deletes a document and its images.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::resource::Kind;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{DocumentId, EnvironmentKey, PathId},
};

/// Delete a document
///
/// Its images are deleted with it.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The document's id")),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_document(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
) -> Result<StatusCode> {
    engine.delete_resource(environment, Kind::Document, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
