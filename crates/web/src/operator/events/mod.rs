//! Publishing over HTTP: from a request's bytes to a publication, and from its receipt to the
//! answer.
//!
//! This is the hot path. A body is parsed once, by the exact parser, and its parts are moved, not
//! copied, into the change; nothing is hashed unless an `Idempotency-Key` asks for it.

mod change;
pub(crate) mod publish;
pub(crate) mod publish_batch;

use axum::extract::FromRequestParts;
use herald_domain::{id::EventId, problem::Problem};
use herald_engine::IdempotencyKey;
use herald_store::Receipt;
use http::{HeaderMap, request::Parts};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::{Refusal, Result};

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

/// The publisher's own name for this request, as the header gave it.
#[derive(Debug)]
pub(crate) struct GivenKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for GivenKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self(given_key(&parts.headers)?))
    }
}

fn given_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refuse = |message: &str| Err(Problem::invalid(IDEMPOTENCY_KEY, message));
    if values.next().is_some() {
        return refuse("'Idempotency-Key' should be given once");
    }
    match value.to_str() {
        Ok(key) => Ok(Some(key.to_owned())),
        Err(_) => refuse("'Idempotency-Key' should have printable ASCII characters only"),
    }
}

impl GivenKey {
    /// The key with the fingerprint of what was asked under it. The fingerprint covers the route
    /// too: one key for two routes is two different requests.
    fn of(self, route: &str, body: &[u8]) -> Option<IdempotencyKey> {
        let fingerprint = || {
            let digest = Sha256::new().chain_update(b"POST ").chain_update(route);
            digest.chain_update(b"\n").chain_update(body).finalize().into()
        };
        self.0.map(|key| IdempotencyKey { key, fingerprint: fingerprint() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
        }
        given_key(&headers)
    }

    fn fingerprint(route: &str, body: &str) -> [u8; 32] {
        GivenKey(Some("k".into())).of(route, body.as_bytes()).unwrap().fingerprint
    }

    #[test]
    fn a_fingerprint_tells_bodies_and_routes_apart() {
        assert_eq!(fingerprint("/a", "{}"), fingerprint("/a", "{}"));
        assert_ne!(fingerprint("/a", "{}"), fingerprint("/b", "{}"));
        assert_ne!(fingerprint("/a", "{}"), fingerprint("/a", "{ }"));
        assert!(GivenKey(None).of("/a", b"{}").is_none());
    }

    #[test]
    fn a_key_given_twice_or_not_in_ascii_is_refused() {
        assert_eq!(given(&[]), Ok(None));
        assert_eq!(given(&["k 1"]), Ok(Some("k 1".into())));
        for values in [&["a", "b"][..], &["clé"]] {
            let problem = given(values).unwrap_err();
            assert_eq!(problem.param.as_deref(), Some("Idempotency-Key"));
        }
    }
}
