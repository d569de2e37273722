//! Refusals on the wire: one flat JSON object, `type`, `message` and perhaps `param`.
//!
//! What the client is told is not what the log is told. A [`Problem`] is written for the client
//! and goes out as it is; every other failure is logged with its text and answered without it.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use herald_domain::problem::{Problem, ProblemKind};
use herald_engine::EngineError;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A handler's answer.
pub(crate) type Result<T, E = Refusal> = std::result::Result<T, E>;

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error, example = json!({
    "type": "invalid_request",
    "message": "'url' should be an HTTPS URL",
    "param": "url",
}))]
pub(crate) struct ErrorBody {
    /// The family of the problem, for programs: `invalid_request`, `unauthorized`, `forbidden`,
    /// `resource_not_found`, `method_not_allowed`, `request_timeout`, `request_too_large`,
    /// `unsupported_encoding`, `idempotency_key_reused`, `document_requires_issuing_country`,
    /// `document_requires_front_image`, `invalid_check_update`, `pending_check_unmodifiable`,
    /// `invalid_check_validation`, `check_not_pending`, `check_not_monitored`, `rotation_running`,
    /// `webhook_deleted`, `webhook_disabled`, `not_matched`, `recovery_running`,
    /// `too_many_requests`, `internal_error`, `service_unavailable`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// One sentence for people: what was wrong, and what to do. One problem an answer.
    message: Cow<'static, str>,
    /// The field to blame, with dots for nested ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    param: Option<String>,
}

/// Why a request was not carried out, ready to be answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: ErrorBody,
    /// What the status demands beside the body.
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let body = ErrorBody { kind, message: message.into(), param: None };
        Self { status, body, header: None }
    }

    /// The status, and what the client is told, for answers that are no JSON.
    pub(crate) fn told(&self) -> (StatusCode, &str) {
        (self.status, &self.body.message)
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// 401: no key, or one that opens nothing. Which of the two is not told.
    pub(crate) fn unauthorized() -> Self {
        let message = "send a valid API key in the 'Authorization' header";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .with(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 403: a known key that opens something else.
    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: there is no such route.
    pub(crate) fn no_route() -> Self {
        let message = "there is nothing at this path; /docs lists what there is";
        Self::new(StatusCode::NOT_FOUND, "resource_not_found", message)
    }

    /// 405: the route is there, the method is not. The router adds `Allow`.
    pub(crate) fn no_method() -> Self {
        let message =
            "this path does not take this method; the 'Allow' header lists those it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// 408: the body did not arrive in time. The connection is of no use any more.
    pub(crate) fn body_too_slow() -> Self {
        let message = "the request's body did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
            .with(header::CONNECTION, "close")
    }

    /// 413: the body is larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the request's body should have at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
            .with(header::CONNECTION, "close")
    }

    /// 415: the body is compressed. Nothing is ever decompressed, so there is no bomb.
    pub(crate) fn compressed() -> Self {
        let message = "send the body without 'Content-Encoding': nothing is decompressed";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", message)
            .with(header::ACCEPT_ENCODING, "identity")
    }

    /// 429: as much of this goes on as may.
    fn too_many(message: String) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
            .with(header::RETRY_AFTER, "1")
    }

    /// 500: a defect. `details` go to the log only.
    pub(crate) fn defect(details: &str) -> Self {
        tracing::error!(details, "a request failed");
        let message = "something went wrong on our side";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// 503: it may work soon. `details` go to the log only.
    fn unavailable(details: &str) -> Self {
        tracing::warn!(details, "a request cannot be carried out right now");
        let message = "this cannot be done right now; try again soon";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
            .with(header::RETRY_AFTER, "1")
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let (status, kind) = match problem.kind {
            ProblemKind::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            ProblemKind::Unauthorized => return Self::unauthorized(),
            ProblemKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            ProblemKind::NotFound => (StatusCode::NOT_FOUND, "resource_not_found"),
            ProblemKind::TooMany => return Self::too_many(problem.message),
            ProblemKind::Unprocessable(kind) => (StatusCode::UNPROCESSABLE_ENTITY, kind),
        };
        let mut refusal = Self::new(status, kind, problem.message);
        refusal.body.param = problem.param;
        refusal
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(problem) => problem.into(),
            EngineError::Unavailable(details) => Self::unavailable(&details),
            EngineError::Internal(details) => Self::defect(&details),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests;
