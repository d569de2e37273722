//! The documentation: the API's description as published (`/openapi.json`), and the same for
//! people (`/docs`).
//!
//! The page is made from the published description and nothing else, once, at the start. It needs
//! no script and loads nothing, and its policy says so to the browser.

mod markup;
mod page;
mod schema;

use axum::{
    Router,
    response::{Html, IntoResponse},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use utoipa::openapi::OpenApi;

/// The page's only style sheet; the policy names its hash.
const STYLE: &str = include_str!("style.css");

/// The routes of the documentation.
pub(crate) fn router(openapi: &OpenApi) -> Router {
    let description =
        serde_json::to_value(openapi).expect("a description is maps, lists and texts");
    let json = Bytes::from(description.to_string());
    let html = Bytes::from(page::page(&description, STYLE).into_string());
    let policy = policy();

    let described =
        get(async move || ([(header::CONTENT_TYPE, "application/json")], json).into_response());
    let shown = get(async move || {
        ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
    });
    Router::new()
        .route("/openapi.json", described.clone())
        .route("/openapi.json/", described)
        .route("/docs", shown.clone())
        .route("/docs/", shown)
}

/// Nothing may be loaded, run, framed or sent; only our own style sheet applies.
fn policy() -> HeaderValue {
    let hash = BASE64.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    policy.try_into().expect("base64 is printable ASCII")
}
