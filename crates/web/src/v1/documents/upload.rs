//! `POST /v1/documents/{id}/upload/{side}`: keeps an image of a side, instead of the one before.

use std::sync::Arc;

use axum::extract::State;
use herald_engine::Engine;
use utoipa::ToSchema;

use super::Image;
use crate::{
    aside::aside,
    error::Result,
    input::{Body, DocumentId, EnvironmentKey, IMAGE, PathId, PathSide, object_of},
    resource::Shown,
};

/// An image to upload.
#[derive(ToSchema)]
#[schema(as = NewImage, rename_all = "camelCase", example = json!({
    "fileName": "front.jpg",
    "data": "/9j/4AAQSkZJRgABAQAAAQABAAD…",
}))]
#[expect(dead_code, reason = "describes what the engine reads")]
pub(crate) struct Request {
    /// The name of its file, which ends in `.jpg`, `.jpeg`, `.png` or `.pdf`; at most 255
    /// characters.
    file_name: String,
    /// The image in base64; 34 KB to 4 MB, decoded.
    #[schema(content_encoding = "base64")]
    data: String,
}

/// Upload an image of a document
///
/// A second upload to a side replaces the first.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/upload/{side}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The document's id"),
        ("side" = String, Path, description = "`front` or `back`"),
    ),
    request_body = Request,
    responses((status = 200, description = "What is known of the image", body = Image)),
)]
pub(crate) async fn upload_image(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
    PathSide(side): PathSide,
    Body(body): Body<IMAGE>,
) -> Result<Shown> {
    let request = aside(body.len(), move || object_of(&body)).await??;
    Ok(engine.upload_image(environment, id, &side, request).await?.into())
}
