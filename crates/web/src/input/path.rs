//! Ids in the path, and what else stands there. A malformed id is answered like an unknown one: 404.

use std::{convert::Infallible, str::FromStr};

use axum::extract::{FromRequestParts, RawPathParams};
use herald_domain::{
    id::{
        AccountId, DeliveryId, EndpointId, EventId, KeyId, MalformedId, RecoveryId, RequestId,
        ResourceId, WebhookId,
    },
    problem::Problem,
    resource::Kind,
};
use http::request::Parts;

use crate::error::{Refusal, Result};

/// At most so many characters of what a client sent are repeated to it.
const REPEATED: usize = 100;

/// The id of a `T`, from the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

/// An id that can stand in a path.
pub(crate) trait Named: FromStr + Send {
    /// The object's name, in messages.
    const NOUN: &'static str;
    /// The name of its place in the path.
    const PLACE: &'static str = "id";
}

impl Named for WebhookId {
    const NOUN: &'static str = "webhook";
}

impl Named for EventId {
    const NOUN: &'static str = "event";
}

impl Named for DeliveryId {
    const NOUN: &'static str = "delivery";
}

impl Named for RecoveryId {
    const NOUN: &'static str = "recovery";
}

impl Named for AccountId {
    const NOUN: &'static str = "account";
}

impl Named for KeyId {
    const NOUN: &'static str = "key";
    const PLACE: &'static str = "keyId";
}

impl Named for EndpointId {
    const NOUN: &'static str = "endpoint";
}

impl Named for RequestId {
    const NOUN: &'static str = "request";
    const PLACE: &'static str = "requestId";
}

/// The path says of what kind the resource has to be, so each kind's id has its own type here.
macro_rules! id_of_a_resource {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name(pub(crate) ResourceId);

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                text.parse().map(Self)
            }
        }

        impl Named for $name {
            const NOUN: &'static str = $kind.noun();
        }
    };
}

id_of_a_resource! {
    /// The id of a client.
    ClientId, Kind::Client
}
id_of_a_resource! {
    /// The id of an address.
    AddressId, Kind::Address
}
id_of_a_resource! {
    /// The id of a document.
    DocumentId, Kind::Document
}
id_of_a_resource! {
    /// The id of a check.
    CheckId, Kind::Check
}

impl<S: Send + Sync, T: Named> FromRequestParts<S> for PathId<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let text = at(T::PLACE, parts, state).await;
        text.parse().map(Self).map_err(|_| Problem::not_found(T::NOUN, clipped(&text)).into())
    }
}

/// The side of a document, from the path: as much of it as may be repeated. What an unknown one
/// means differs from operation to operation.
#[derive(Clone, Debug)]
pub(crate) struct PathSide(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathSide {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(clipped(&at("side", parts, state).await).to_owned()))
    }
}

/// The token of a temporary endpoint, from the path.
#[derive(Clone)]
pub(crate) struct PathToken(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(at("token", parts, state).await))
    }
}

/// What stands at a place of the path; nothing, if that is not UTF-8 after decoding.
async fn at<S: Send + Sync>(place: &str, parts: &mut Parts, state: &S) -> String {
    let params = RawPathParams::from_request_parts(parts, state).await.ok();
    let given = params
        .as_ref()
        .and_then(|params| params.iter().find_map(|(name, text)| (name == place).then_some(text)));
    given.unwrap_or_default().to_owned()
}

/// The beginning of what a client sent, as much of it as may be repeated.
pub(crate) fn clipped(text: &str) -> &str {
    text.char_indices().nth(REPEATED).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_hundred_characters_are_repeated() {
        assert_eq!(clipped("short"), "short");
        assert_eq!(clipped(&"é".repeat(5_000)), "é".repeat(100));
    }
}
