//! What the browser may do with a page of the portal: load our own files, send our own forms.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue, header};

/// No inline script or style, nothing from elsewhere, framed by nobody else. Scripts may ask
/// Herald for newer parts of a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'self'; \
                      base-uri 'none'";

/// What every answer of the portal says about itself.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Says it on whatever comes back.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    keeping(next.run(request).await)
}

/// The same on an answer that is there already.
pub(super) fn keeping(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
