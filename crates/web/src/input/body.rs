//! A request's body: read whole, within a size and a time, never decompressed.
//!
//! A client that announces more than the limit is refused before anything is read; one that sends
//! more is refused when the limit is reached; one that drips is refused at the deadline.

use std::time::Duration;

use axum::{
    body::HttpBody,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use herald_domain::problem::Problem;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::{Refusal, Result};

/// Room for what configures something and for one event, bytes.
pub(crate) const SMALL: usize = 1024 * 1024;

/// Room for an image of 4 MB in base64, line breaks and its file's name, bytes.
pub(crate) const IMAGE: usize = 6 * 1024 * 1024;

/// From the end of the head to the last byte of the body.
const DEADLINE: Duration = Duration::from_secs(30);

/// A body of at most `LIMIT` bytes. Whatever `Content-Type` it claims, it is to be JSON.
#[derive(Debug)]
pub(crate) struct Body<const LIMIT: usize>(pub(crate) Bytes);

impl<S: Sync, const LIMIT: usize> FromRequest<S> for Body<LIMIT> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        if is_compressed(request.headers()) {
            return Err(Refusal::compressed());
        }
        whole(request.into_body(), LIMIT).await.map(Self)
    }
}

/// A whole body of at most `limit` bytes, as it comes.
pub(crate) async fn whole(body: axum::body::Body, limit: usize) -> Result<Bytes> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Refusal::too_large(limit));
    }
    let collected = tokio::time::timeout(DEADLINE, Limited::new(body, limit).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(limit)),
        Ok(Err(_)) => Err(Problem::malformed("the request's body ended too early").into()),
        Err(_) => Err(Refusal::body_too_slow()),
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    encodings.iter().any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests;
