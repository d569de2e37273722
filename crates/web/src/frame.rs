//! What surrounds every answer of every route: the headers that keep it private, and the net
//! under a panic.
//!
//! It is one function around the router and not a stack of layers, since each layer costs the
//! ingest path an allocation a request.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};

use crate::error::Refusal;

/// Carries a request to its handler and frames what comes back.
pub(crate) async fn frame(request: Request, next: Next) -> Response {
    let mut response = match caught(next.run(request)).await {
        Ok(response) => response,
        Err(panic) => Refusal::defect(&text_of(&*panic)).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Runs a future to its end or to its panic. What it held is dropped either way, so nothing is
/// seen half-changed afterwards: handlers share only the engine, whose locks recover.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// What the panic said, for the log.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without words"))
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_handler_is_a_500_and_the_next_request_is_served() {
        async fn falls() -> &'static str {
            panic!("the floor gave way")
        }
        let router = Router::new()
            .route("/falls", get(falls))
            .route("/stands", get(|| async { "fine" }))
            .layer(axum::middleware::from_fn(frame));
        for (path, status) in [("/falls", 500), ("/stands", 200), ("/falls", 500)] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}
