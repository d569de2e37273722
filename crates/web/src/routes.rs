//! The table of routes, and the description that is made from it. A route without a description
//! cannot be added: both come from the same line.

use std::sync::Arc;

use axum::{
    Router, middleware,
    response::{IntoResponse, Response},
};
use herald_engine::Engine;
use http::Uri;
use utoipa::openapi::{OpenApi, Server};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    WebOptions, description, docs, error::Refusal, frame::frame, incoming, operator, portal,
    status, v1,
};

/// Everything that Herald answers over HTTP.
pub fn router(engine: Arc<Engine>, options: WebOptions) -> Router {
    let (routes, mut openapi) = described().split_for_parts();
    let portal = portal::router(engine.clone(), &options);
    openapi.servers = options.public_url.map(|url| vec![Server::new(url)]);
    routes
        .merge(incoming::router())
        .with_state(engine)
        .merge(docs::router(&openapi))
        .merge(portal)
        .fallback(missing)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn(frame))
}

/// What a process answers that sends notifications and leaves all else to others: how it is.
pub fn status_router(engine: Arc<Engine>) -> Router {
    let (routes, _) = status::router().split_for_parts();
    routes
        .with_state(engine)
        .fallback(missing)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn(frame))
}

/// Where there is nothing: told to people below `/portal`, and to programs elsewhere.
async fn missing(uri: Uri) -> Response {
    if portal::has(uri.path()) { portal::missing() } else { Refusal::no_route().into_response() }
}

/// Where there is something, but not for this method: told in the same way. The router adds `Allow`.
async fn no_method(uri: Uri) -> Response {
    if portal::has(uri.path()) { portal::no_method() } else { Refusal::no_method().into_response() }
}

/// The description of everything that [`router`] answers, for programs.
pub fn openapi() -> OpenApi {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Arc<Engine>> {
    let mut router = OpenApiRouter::with_openapi(description::base())
        .merge(v1::router())
        .merge(operator::router())
        .merge(status::router());
    description::complete(router.get_openapi_mut());
    router
}

/// Adds operations so that a slash behind the path makes no difference: one of the official SDKs
/// sends it, and a redirect would lose the body.
pub(crate) trait AlsoWithSlash {
    /// Adds the operations of one path.
    fn operations(self, operations: UtoipaMethodRouter<Arc<Engine>>) -> Self;
}

impl AlsoWithSlash for OpenApiRouter<Arc<Engine>> {
    fn operations(self, operations: UtoipaMethodRouter<Arc<Engine>>) -> Self {
        let (_, paths, methods) = &operations;
        let with_slash = paths
            .paths
            .keys()
            .fold(self, |router, path| router.route(&format!("{path}/"), methods.clone()));
        with_slash.routes(operations)
    }
}
