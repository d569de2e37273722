//! `DELETE /v1/documents/{id}/{side}`: deletes the image of a side.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::{Refusal, Result},
    input::{DocumentId, EnvironmentKey, PathId, PathSide},
};

/// Delete an image of a document
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}/{side}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The document's id"),
        ("side" = String, Path, description = "`front` or `back`"),
    ),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_image(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
    PathSide(side): PathSide,
) -> Result<StatusCode> {
    engine.delete_image(environment, id, &side).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET` on the same path: there is nothing, as the service has it. One of the official SDKs sends
/// it by mistake.
pub(crate) async fn get_nothing() -> impl IntoResponse {
    Refusal::no_route()
}
