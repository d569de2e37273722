//! The little that is read of a response.
//!
//! Everything is copied out: a header or chunk as hyper gives it is a view of the connection's read
//! buffer, and would keep all of that buffer alive for as long as the attempt is.

use ::http::{HeaderMap, response::Parts};
use bytes::{Bytes, BytesMut};
use herald_domain::attempt::{RESPONSE_BODY_KEPT, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

/// The response with the beginning of its body, read until `until`; and whether that was all of
/// it, so that the connection is at its next message.
pub(super) async fn read(parts: Parts, mut body: Incoming, until: Instant) -> (Response, bool) {
    let mut kept = BytesMut::new();
    let whole = body.is_end_stream()
        || timeout_at(until, keep(&mut body, &mut kept)).await.unwrap_or(false);
    let response = Response {
        status: parts.status.as_u16(),
        headers: headers(&parts.headers),
        body: kept.freeze(),
        truncated: !whole,
    };
    (response, whole)
}

/// Whether the body ended before it was too long or broke off. What it gave is in `kept` even if
/// the caller loses patience.
async fn keep(body: &mut Incoming, kept: &mut BytesMut) -> bool {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        let Some(data) = frame.data_ref() else { continue };
        let room = RESPONSE_BODY_KEPT - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return false;
        }
    }
    true
}

/// Names and values in one allocation for all values.
fn headers(map: &HeaderMap) -> Vec<(String, Bytes)> {
    let total = map.values().map(|value| value.as_bytes().len()).sum();
    let mut values = BytesMut::with_capacity(total);
    let mut copy = |value: &[u8]| {
        values.extend_from_slice(value);
        values.split().freeze()
    };
    map.iter().map(|(name, value)| (name.as_str().to_owned(), copy(value.as_bytes()))).collect()
}
