//! `/e/{token}`: where a temporary endpoint takes whatever is sent to it.
//!
//! It is no operation of the API: it has no key but the token in its path, takes any method, and
//! reads a body as it comes. The token is looked up before the body is read, so whoever guesses
//! costs one look.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use herald_engine::{Engine, Incoming, RECEIVED};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    error::{Refusal, Result},
    input::{PathToken, SMALL, whole},
};

/// The route of temporary endpoints.
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new().route("/e/{token}", any(receive))
}

async fn receive(
    State(engine): State<Arc<Engine>>,
    PathToken(token): PathToken,
    request: Request,
) -> Result<Response> {
    let found = engine.find_endpoint(&token).await?;
    let endpoint = found.ok_or_else(Refusal::no_route)?;
    let (parts, body) = request.into_parts();
    let incoming = Incoming {
        method: parts.method.to_string(),
        query: parts.uri.query().map(str::to_owned),
        headers: headers(&parts.headers),
        body: whole(body, SMALL).await?,
    };
    let answered = engine.receive(endpoint.id, incoming).await?;
    let status = answered.and_then(|status| StatusCode::from_u16(status).ok());
    Ok(answer(status.ok_or_else(Refusal::no_route)?))
}

/// In the order of their arrival, but for those that came several times, which stand together. The
/// values are copied: what hyper lends is a view of its read buffer, which would stay with them.
fn headers(map: &HeaderMap) -> Vec<(String, Bytes)> {
    let copied = |value: &HeaderValue| Bytes::copy_from_slice(value.as_bytes());
    map.iter().map(|(name, value)| (name.as_str().to_owned(), copied(value))).collect()
}

fn answer(status: StatusCode) -> Response {
    if matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        return status.into_response();
    }
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, json, RECEIVED).into_response()
}
