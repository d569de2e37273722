//! `GET /v1/documents/{id}/download/{side}`: an image with its data; of a side that does not exist,
//! the front.

use std::sync::Arc;

use axum::extract::State;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use herald_domain::{exact_json::Object, resource::document::IMAGE};
use herald_engine::Engine;
use serde_json::{Value, json};
use utoipa::openapi::{ObjectBuilder, Type};

use crate::{
    aside::aside,
    error::Result,
    input::{DocumentId, EnvironmentKey, PathId, PathSide},
    resource::{
        Shown,
        schema::{answer, described},
    },
};

described! {
    /// An image of a document's side, with its data.
    ImageWithData: answer(&IMAGE).property("data", data()).required("data"), example()
}

fn data() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .content_encoding("base64")
        .description(Some("The image, in base64."))
}

fn example() -> Value {
    let mut image = super::image();
    image["data"] = json!("/9j/4AAQSkZJRgABAQAAAQABAAD…");
    image
}

/// Download an image of a document
///
/// Of a side that no document has, it is the front.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/download/{side}",
    tag = "Documents",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The document's id"),
        ("side" = String, Path, description = "`front` or `back`"),
    ),
    responses((status = 200, description = "The image", body = ImageWithData)),
)]
pub(crate) async fn download_image(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(DocumentId(id)): PathId<DocumentId>,
    PathSide(side): PathSide,
) -> Result<Shown> {
    let (image, data) = engine.download_image(environment, id, &side).await?;
    aside(data.len(), move || with_data(image, &data)).await
}

fn with_data(mut image: Object, data: &Bytes) -> Shown {
    image.insert("data".into(), BASE64.encode(data).into());
    image.into()
}
