//! Who asks: the API key in `Authorization`, bare as the SDKs send it, or after `Bearer`.
//!
//! An unknown and a revoked key get the same answer as none. A known key of the wrong kind is
//! told so, since its owner has a right to know what it opens.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use herald_domain::account::EnvironmentId;
use herald_engine::{Access, Engine};
use http::{HeaderMap, header, request::Parts};

use crate::error::{Refusal, Result};

/// The caller holds a key of this environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnvironmentKey(pub(crate) EnvironmentId);

/// The caller holds the operator's key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperatorKey;

impl FromRequestParts<Arc<Engine>> for EnvironmentKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, engine: &Arc<Engine>) -> Result<Self> {
        match access(&parts.headers, engine).await? {
            Access::Environment(environment) => Ok(Self(environment)),
            Access::Operator => {
                Err(Refusal::forbidden("the operator's key opens /operator; use an account's key"))
            }
        }
    }
}

impl FromRequestParts<Arc<Engine>> for OperatorKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, engine: &Arc<Engine>) -> Result<Self> {
        match access(&parts.headers, engine).await? {
            Access::Operator => Ok(Self),
            Access::Environment(_) => {
                Err(Refusal::forbidden("an account's key opens /v1; use the operator's key"))
            }
        }
    }
}

/// What the key of a request opens.
pub(crate) async fn access(headers: &HeaderMap, engine: &Engine) -> Result<Access> {
    let key = presented(headers).ok_or_else(Refusal::unauthorized)?;
    engine.authenticate(key).await?.ok_or_else(Refusal::unauthorized)
}

/// The key as presented; `None` if there is none, or more than one, so that nobody in between
/// and Herald can each believe a different one.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.to_str().ok()?.trim();
    let key = match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => value,
    };
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key_in(values: &[&'static str]) -> Option<String> {
        let values = values.iter().map(|v| (header::AUTHORIZATION, HeaderValue::from_static(v)));
        presented(&values.collect::<HeaderMap>()).map(str::to_owned)
    }

    #[test]
    fn a_key_is_taken_bare_or_after_bearer_in_any_case() {
        for value in ["test_abc", "Bearer test_abc", "bearer  test_abc", "BEARER test_abc "] {
            assert_eq!(key_in(&[value]).as_deref(), Some("test_abc"), "{value:?}");
        }
    }

    #[test]
    fn no_key_an_empty_key_and_two_keys_are_no_key() {
        let mut joined = HeaderMap::new();
        for value in ["test_abc", "test_def"] {
            joined.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        assert_eq!(presented(&joined), None);
        for values in [&[][..], &[""], &["   "]] {
            assert_eq!(key_in(values), None, "{values:?}");
        }
    }
}
