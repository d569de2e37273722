//! Publishing over HTTP: from a request's bytes to a publication, and from its receipt to the
//! answer.
//!
//! This is the hot path. A body is parsed once, by the exact parser, and its parts are moved, not
//! copied, into the change; nothing is hashed unless an `Idempotency-Key` asks for it.

mod change;
pub(crate) mod publish;
pub(crate) mod publish_batch;

use herald_domain::{id::EventId, problem::Problem};
use herald_engine::IdempotencyKey;
use herald_store::Receipt;
use http::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::Result;

/// The header with the publisher's own name for a request.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What was accepted: it is durable, with its deliveries, when this is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The events that were raised, in order. None for an update that changed nothing.
    events: Vec<AcceptedEvent>,
    /// How many deliveries they fanned out to, held ones included.
    #[schema(example = 2)]
    deliveries: u64,
}

/// An event that was raised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedEvent {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb2")]
    id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "client.created")]
    event_type: String,
}

impl From<Receipt> for Accepted {
    fn from(receipt: Receipt) -> Self {
        let shown = |(id, event_type)| AcceptedEvent { id, event_type };
        Self {
            events: receipt.events.into_iter().map(shown).collect(),
            deliveries: receipt.deliveries,
        }
    }
}

/// The publisher's own name for this request, if it gave one. The fingerprint covers the route
/// too: one key for two routes is two different requests.
fn idempotency(
    headers: &HeaderMap,
    route: &str,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refuse = |message: &str| Err(Problem::invalid(IDEMPOTENCY_KEY, message));
    if values.next().is_some() {
        return refuse("'Idempotency-Key' should be given once");
    }
    let Ok(key) = value.to_str() else {
        return refuse("'Idempotency-Key' should have printable ASCII characters only");
    };
    let fingerprint = Sha256::new()
        .chain_update(b"POST ")
        .chain_update(route)
        .chain_update(b"\n")
        .chain_update(body)
        .finalize()
        .into();
    Ok(Some(IdempotencyKey { key: key.to_owned(), fingerprint }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
        }
        headers
    }

    fn fingerprint(route: &str, body: &str) -> [u8; 32] {
        let key = idempotency(&headers(&["k"]), route, body.as_bytes());
        key.unwrap().unwrap().fingerprint
    }

    #[test]
    fn a_fingerprint_tells_bodies_and_routes_apart() {
        assert_eq!(fingerprint("/a", "{}"), fingerprint("/a", "{}"));
        assert_ne!(fingerprint("/a", "{}"), fingerprint("/b", "{}"));
        assert_ne!(fingerprint("/a", "{}"), fingerprint("/a", "{ }"));
    }

    #[test]
    fn a_key_given_twice_or_not_in_ascii_is_refused() {
        assert!(idempotency(&headers(&[]), "/a", b"").unwrap().is_none());
        for values in [&["a", "b"][..], &["clé"]] {
            let problem = idempotency(&headers(values), "/a", b"").unwrap_err();
            assert_eq!(problem.param.as_deref(), Some("Idempotency-Key"));
        }
    }
}
