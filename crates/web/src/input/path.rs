//! Ids in the path. A malformed one is answered like an unknown one: 404.

use axum::extract::{FromRequestParts, RawPathParams};
use herald_domain::{
    id::{AccountId, DeliveryId, EventId, KeyId, WebhookId},
    problem::Problem,
};
use http::request::Parts;

use crate::error::{Refusal, Result};

/// At most so many characters of what a client sent are repeated to it.
const REPEATED: usize = 100;

/// The id of a `T`, from the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

/// An id that can stand in a path.
pub(crate) trait Named: std::str::FromStr + Send {
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

impl Named for AccountId {
    const NOUN: &'static str = "account";
}

impl Named for KeyId {
    const NOUN: &'static str = "key";
    const PLACE: &'static str = "keyId";
}

impl<S: Send + Sync, T: Named> FromRequestParts<S> for PathId<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        // What is not UTF-8 after decoding is no id either.
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let given = params.as_ref().and_then(|params| {
            params.iter().find_map(|(place, text)| (place == T::PLACE).then_some(text))
        });
        let text = given.unwrap_or_default();
        text.parse().map(Self).map_err(|_| Problem::not_found(T::NOUN, clipped(text)).into())
    }
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
