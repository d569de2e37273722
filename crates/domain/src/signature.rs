//! Two signatures on one secret (design §5, Signing).
//!
//! `Complycube-Signature` is the lower-case hex HMAC-SHA256 of the body, keyed with the secret's
//! text. The Standard Webhooks headers sign `id.timestamp.body`, keyed with the bytes that the
//! same text decodes to as base64; they add the replay protection that the first lacks.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::id::EventId;

/// What secrets are made of: as text a key of the first scheme, as base64 one of the second.
pub const SECRET_ALPHABET: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Characters of a secret: they decode to exactly 24 bytes.
pub const SECRET_LENGTH: usize = 32;

/// A webhook's signing secret, as its owner was shown it once.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The text is not 32 characters of `A-Za-z0-9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is 32 characters of A-Z, a-z and 0-9")]
pub struct MalformedSecret;

impl Secret {
    /// A secret with this text.
    pub fn new(text: impl Into<String>) -> Result<Self, MalformedSecret> {
        let text = text.into();
        let fits = text.len() == SECRET_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(Self(text)) } else { Err(MalformedSecret) }
    }

    /// The secret made of 32 random bytes, of which each picks a character. Bytes ≥ 248 would
    /// favour some characters; `more` is asked for others.
    pub fn from_random(mut more: impl FnMut() -> [u8; 64]) -> Self {
        let mut text = String::with_capacity(SECRET_LENGTH);
        while text.len() < SECRET_LENGTH {
            let fair = more().into_iter().filter(|byte| *byte < 248);
            let characters = fair.map(|byte| char::from(SECRET_ALPHABET[usize::from(byte) % 62]));
            text.extend(characters.take(SECRET_LENGTH - text.len()));
        }
        Self(text)
    }

    /// The text: for the one answer that shows it, and for sealing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A secret made ready to sign: the key schedules of both schemes are computed once.
#[derive(Clone)]
pub struct Signer {
    complycube: Hmac<Sha256>,
    standard: Hmac<Sha256>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// A signer with this secret.
    pub fn new(secret: &Secret) -> Self {
        let bytes = BASE64.decode(secret.reveal()).expect("32 alphanumerics are valid base64");
        Self { complycube: hmac(secret.reveal().as_bytes()), standard: hmac(&bytes) }
    }

    /// Both signatures of one request, at `timestamp` seconds since the epoch.
    pub fn sign(&self, event: EventId, timestamp: i64, body: &[u8]) -> Signatures {
        Signatures {
            timestamp,
            complycube: digest(&self.complycube, &[body]),
            standard: vec![self.sign_standard(event, timestamp, body)],
        }
    }

    /// The Standard Webhooks signature alone: beside another secret's during a rotation.
    pub fn sign_standard(&self, event: EventId, timestamp: i64, body: &[u8]) -> [u8; 32] {
        let prefix = format!("{event}.{timestamp}.");
        digest(&self.standard, &[prefix.as_bytes(), body])
    }

    /// ComplyCube's signature alone, to verify what came.
    pub fn sign_body(&self, body: &[u8]) -> [u8; 32] {
        digest(&self.complycube, &[body])
    }

    /// The Standard Webhooks signature for an id and a timestamp in the very text that came.
    pub fn sign_text(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        digest(&self.standard, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn digest(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What signed one request. Kept with its attempt, so that the headers that were sent can be
/// shown without keeping their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// Seconds since the epoch.
    pub timestamp: i64,
    /// Of the body alone.
    pub complycube: [u8; 32],
    /// Of `id.timestamp.body`; two during a rotation.
    pub standard: Vec<[u8; 32]>,
}

/// The headers of a notification, beside those of the transport. The one place that knows them:
/// what is shown of an attempt is made by what had made the request.
pub fn notification_headers(
    event: EventId,
    signatures: &Signatures,
) -> [(&'static str, Cow<'static, str>); 8] {
    [
        ("Content-Type", "application/json".into()),
        ("User-Agent", "Herald".into()),
        ("Accept", "*/*".into()),
        ("Accept-Encoding", "identity".into()),
        ("Complycube-Signature", complycube_text(&signatures.complycube).into()),
        ("Webhook-Id", event.to_string().into()),
        ("Webhook-Timestamp", signatures.timestamp.to_string().into()),
        ("Webhook-Signature", standard_text(&signatures.standard).into()),
    ]
}

/// The value of `Complycube-Signature`.
pub(crate) fn complycube_text(signature: &[u8; 32]) -> String {
    hex::encode(signature)
}

/// The value of `Webhook-Signature`.
pub(crate) fn standard_text(signatures: &[[u8; 32]]) -> String {
    let mut text = String::with_capacity(48 * signatures.len());
    for signature in signatures {
        text.push_str(if text.is_empty() { "v1," } else { " v1," });
        BASE64.encode_string(signature, &mut text);
    }
    text
}

/// The `Complycube-Signature` of a body under any key text, such as the documentation's examples.
pub fn complycube_signature(key: &str, body: &[u8]) -> String {
    hex::encode(digest(&hmac(key.as_bytes()), &[body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector_is_reproduced() {
        assert_eq!(
            complycube_signature("a_webhook_signature", br#"{"id":"value"}"#),
            "bc00414fa4d54277a3ed01e5ee258d9800a918a7791c7cda16d38b82f38f2150"
        );
    }

    #[test]
    fn a_secret_is_32_alphanumerics_and_24_bytes_of_base64() {
        let secret = Secret::from_random(|| std::array::from_fn(|i| u8::try_from(i * 4).unwrap()));
        assert_eq!(BASE64.decode(secret.reveal()).unwrap().len(), 24);
        assert_eq!(Secret::new(secret.reveal()), Ok(secret.clone()));
        for text in ["", "short", "abcdefghijklmnopqrstuvwxyz01234+", &"a".repeat(33)] {
            assert_eq!(Secret::new(text), Err(MalformedSecret));
        }
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }

    #[test]
    fn bytes_that_would_favour_some_characters_are_passed_over() {
        let mut calls = 0;
        let secret = Secret::from_random(|| {
            calls += 1;
            if calls == 1 { [255; 64] } else { [0; 64] }
        });
        assert_eq!((calls, secret.reveal()), (2, "A".repeat(32).as_str()));
    }

    #[test]
    fn both_signatures_of_a_request_are_in_its_headers() {
        let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
        let event: EventId = "5eb04fcd0f3e360008035eb2".parse().unwrap();
        let signatures = Signer::new(&secret).sign(event, 1_700_000_000, b"{}");
        let headers = notification_headers(event, &signatures);
        let value = |name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| &**v);
        assert_eq!(
            value("Complycube-Signature"),
            Some(complycube_signature(secret.reveal(), b"{}").as_str())
        );
        assert_eq!(value("Webhook-Id"), Some("5eb04fcd0f3e360008035eb2"));
        assert_eq!(value("Webhook-Timestamp"), Some("1700000000"));
        assert!(value("Webhook-Signature").is_some_and(|v| v.starts_with("v1,") && v.len() == 47));
    }
}
