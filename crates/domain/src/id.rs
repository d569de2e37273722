//! Identifiers: 24 lower-case hex digits, time-ordered, in the ObjectId layout (design §5.16):
//! 4 bytes of seconds, 5 bytes of the issuing process, 3 bytes of a counter.
//!
//! Each kind of object has its own type, so a webhook's id cannot be passed for an event's.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize, de::Error as _};

use crate::time::Timestamp;

/// Twelve bytes that name one object, ordered by the second of its creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

/// The text is not 24 lower-case hex digits. The API answers it like an unknown id: 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 24 lower-case hex digits")]
pub struct MalformedId;

impl ObjectId {
    /// The id with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The id's bytes, as a store keeps them.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 24];
        hex::encode_to_slice(self.0, &mut text).expect("24 digits hold 12 bytes");
        f.write_str(std::str::from_utf8(&text).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(MalformedId);
        }
        let mut bytes = [0u8; 12];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| MalformedId)?;
        Ok(Self(bytes))
    }
}

/// Issues ids that strictly increase within one process, whatever the clock does.
#[derive(Debug)]
pub struct IdSequence {
    instance: [u8; 5],
    /// `seconds << 24 | counter` of the last id issued.
    last: AtomicU64,
}

impl IdSequence {
    /// A sequence for one process; `instance` is random, so that two processes never collide.
    pub const fn new(instance: [u8; 5]) -> Self {
        Self { instance, last: AtomicU64::new(0) }
    }

    /// The next id. When the clock stands still or goes back, the counter goes on (and carries
    /// into the seconds after 2^24 ids), so order of issue stays order of ids.
    pub fn next(&self, now: Timestamp) -> ObjectId {
        let seconds = u64::try_from(now.millis().max(0) / 1000).unwrap_or(0) & 0xffff_ffff;
        let floor = seconds << 24;
        let step = |last: u64| Some(floor.max(last + 1));
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .expect("the step always yields a value");
        self.compose(floor.max(previous + 1))
    }

    fn compose(&self, ticket: u64) -> ObjectId {
        let ticket = ticket.to_be_bytes();
        let mut bytes = [0u8; 12];
        bytes[..4].copy_from_slice(&ticket[1..5]);
        bytes[4..9].copy_from_slice(&self.instance);
        bytes[9..].copy_from_slice(&ticket[5..]);
        ObjectId(bytes)
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub ObjectId);

        impl $name {
            /// The id with exactly these bytes.
            pub const fn from_bytes(bytes: [u8; 12]) -> Self {
                Self(ObjectId::from_bytes(bytes))
            }

            /// The id's bytes, as a store keeps them.
            pub const fn as_bytes(&self) -> &[u8; 12] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

typed_id!(
    /// Names an account (a tenant).
    AccountId
);
typed_id!(
    /// Names one API key of an account; it is not the key.
    KeyId
);
typed_id!(
    /// Names a client, an address, a document or a check.
    ResourceId
);
typed_id!(
    /// Names a webhook.
    WebhookId
);
typed_id!(
    /// Names an event; a listener uses it to skip a notification sent more than once.
    EventId
);
typed_id!(
    /// Names the delivery of one event to one webhook.
    DeliveryId
);
typed_id!(
    /// Names a temporary endpoint; it is not its token.
    EndpointId
);
typed_id!(
    /// Names a request that a temporary endpoint keeps.
    RequestId
);
typed_id!(
    /// Names a recovery: the job that sends again what a webhook missed.
    RecoveryId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_strictly_increase_even_when_the_clock_goes_back() {
        let ids = IdSequence::new([7; 5]);
        let times = [1_000_000, 1_000_000, 5_000, 1_002_000, 0, -9_000];
        let issued: Vec<_> = times.map(|ms| ids.next(Timestamp::from_millis(ms))).to_vec();
        assert!(issued.is_sorted_by(|a, b| a < b), "{issued:?}");
    }

    #[test]
    fn an_id_leads_with_the_seconds_of_its_creation() {
        let id = IdSequence::new([0xab; 5]).next(Timestamp::from_millis(1_588_923_727_123));
        assert_eq!(id.to_string(), "5eb50d4fababababab000000");
    }

    #[test]
    fn only_24_lower_case_hex_digits_are_an_id() {
        assert!("5eb04fcd0f3e360008035eb2".parse::<EventId>().is_ok());
        for text in ["", "5eb0", "5EB04FCD0F3E360008035EB2", "5eb04fcd0f3e360008035eb2 ", "zz"] {
            assert_eq!(text.parse::<EventId>(), Err(MalformedId), "{text:?}");
        }
    }
}
