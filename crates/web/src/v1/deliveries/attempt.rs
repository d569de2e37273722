//! How an attempt is shown: the request as it was sent, and what came back.
//!
//! The headers of the request are made again by what had made them, from the signatures that were
//! kept; nothing is shown that was not sent. What came back is any bytes, so it is shown as text
//! where it is text, and as base64 where it is not.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Failure, Response},
    event::Event,
    signature::{Signatures, notification_headers},
    time::Timestamp,
};
use herald_store::NumberedAttempt;
use indexmap::IndexMap;
use serde::Serialize;
use url::{Position, Url};
use utoipa::ToSchema;

/// One HTTP request of a delivery, and what came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attempt {
    /// 1 for the initial one. Those made on request are counted apart.
    #[schema(example = 1)]
    number: u32,
    /// Whether it was made on request, outside of the schedule; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false, example = true)]
    manual: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    started_at: Timestamp,
    /// From its beginning to its outcome, milliseconds.
    #[schema(example = 84)]
    duration_ms: u64,
    /// The webhook's URL at that time.
    #[schema(example = "https://example.com/hooks")]
    url: String,
    /// The address and port that were dialled, if it came to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "192.0.2.1:443")]
    address: Option<String>,
    /// What was sent; absent if it failed before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<SentRequest>,
    /// The response's HTTP status, if there was a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 503)]
    status: Option<u16>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<AttemptError>,
    /// What came back, if there was a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    response: Option<ReceivedResponse>,
}

/// What was sent. Its body is the event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentRequest {
    /// Name → value.
    #[schema(
        value_type = std::collections::BTreeMap<String, String>,
        example = json!({
            "Host": "example.com",
            "Content-Type": "application/json",
            "Complycube-Signature": "bc00414fa4d54277a3ed01e5ee258d9800a918a7791c7cda16d38b82f38f2150",
        }),
    )]
    pub(crate) headers: IndexMap<String, String>,
}

/// Why an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptError {
    /// For programs, such as `timeout`, `dns_not_found`, `tls_certificate` or `status` (the
    /// response was not a 2xx).
    #[schema(example = "status")]
    class: &'static str,
    /// For people.
    #[schema(example = "the receiver answered 503, which is not a 2xx")]
    message: String,
}

/// A response's head, and the beginning of its body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedResponse {
    /// The HTTP status.
    #[schema(example = 503)]
    pub(crate) status: u16,
    /// Name → value; a header that came several times has its values joined with a comma.
    #[schema(
        value_type = std::collections::BTreeMap<String, String>,
        example = json!({ "Content-Type": "text/plain", "Retry-After": "120" }),
    )]
    pub(crate) headers: IndexMap<String, String>,
    /// The body's beginning, at most 16 KiB of it.
    #[schema(example = "busy, come back later")]
    pub(crate) body: String,
    /// How `body` is to be read: `utf-8` or `base64`.
    #[schema(example = "utf-8")]
    pub(crate) body_encoding: &'static str,
    /// Whether there was more than is shown.
    #[schema(example = false)]
    pub(crate) truncated: bool,
}

impl Attempt {
    /// An attempt to deliver this event.
    pub(super) fn new(numbered: NumberedAttempt, event: &Event) -> Self {
        let NumberedAttempt { number, manual, attempt } = numbered;
        let status = attempt.answer.status();
        let class = attempt.answer.error_class();
        let (response, failure) = match attempt.answer {
            Answer::Response(response) => (Some(response), None),
            Answer::Failure(failure) => (None, Some(failure)),
        };
        let request = attempt.signatures.map(|signatures| sent(&attempt.url, event, &signatures));
        let error = class
            .map(|class| AttemptError { class: class.as_str(), message: message(failure, status) });
        Self {
            number,
            manual,
            started_at: attempt.started_at,
            duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
            url: attempt.url,
            address: attempt.address.map(|address| address.to_string()),
            request,
            status,
            error,
            response: response.as_ref().map(received),
        }
    }
}

/// Why an attempt failed, in words.
pub(crate) fn message(failure: Option<Failure>, status: Option<u16>) -> String {
    match (failure, status) {
        (Some(failure), _) => failure.detail,
        (None, Some(status)) => format!("the receiver answered {status}, which is not a 2xx"),
        (None, None) => "no answer came".to_owned(),
    }
}

/// What was sent.
pub(crate) fn sent(url: &str, event: &Event, signatures: &Signatures) -> SentRequest {
    let mut headers = IndexMap::new();
    if let Ok(url) = Url::parse(url) {
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        headers.insert("Host".to_owned(), authority.to_owned());
    }
    let own = notification_headers(event.id, signatures);
    headers.extend(own.map(|(name, value)| (name.to_owned(), value.into_owned())));
    headers.insert("Content-Length".to_owned(), event.body.len().to_string());
    SentRequest { headers }
}

/// What came back, as text.
pub(crate) fn received(response: &Response) -> ReceivedResponse {
    let headers = joined(&response.headers);
    let (body, body_encoding) = readable(&response.body, response.truncated);
    ReceivedResponse {
        status: response.status,
        headers,
        body,
        body_encoding,
        truncated: response.truncated,
    }
}

/// Name → value; the values of a header that came several times are joined with a comma.
pub(crate) fn joined(headers: &[(String, Bytes)]) -> IndexMap<String, String> {
    let mut joined: IndexMap<String, String> = IndexMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value);
        let values = joined.entry(name.clone()).or_default();
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(&value);
    }
    joined
}

/// The body as text if it is text; a character that the end cut in two does not make it bytes.
pub(crate) fn readable(body: &[u8], truncated: bool) -> (String, &'static str) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(error) if truncated && error.error_len().is_none() => {
            let whole = String::from_utf8_lossy(&body[..error.valid_up_to()]);
            (whole.into_owned(), "utf-8")
        }
        Err(_) => (BASE64.encode(body), "base64"),
    }
}

#[cfg(test)]
mod tests;
