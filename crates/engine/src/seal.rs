//! Secrets at rest: sealed with XChaCha20-Poly1305, bound to their webhook, under a key that is
//! not in the database. The tokens of temporary endpoints are sealed in the same way.
//!
//! Sealed layout: one version byte (1), the 24-byte nonce, the ciphertext with its tag. The
//! webhook's id is the associated data, so a sealed secret copied to another row does not open.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use herald_domain::{
    id::{EndpointId, ObjectId, WebhookId},
    signature::Secret,
    webhook::SealedSecret,
};

use sha2::{Digest as _, Sha256};

use crate::{Chance, Engine, EngineError};

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// The name under which nodes agree on the fingerprint of the key that seals.
pub const SEAL_KEY: &str = "seal key";

/// So that a key's fingerprint is no other hash of it.
const FINGERPRINT: &[u8] = b"herald: fingerprint of the key that seals\0";

/// The 32-byte key that seals secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey(pub [u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(..)")
    }
}

impl SealKey {
    /// What tells this key from others, without telling it.
    pub fn fingerprint(&self) -> Vec<u8> {
        let digest = Sha256::new().chain_update(FINGERPRINT).chain_update(self.0);
        digest.finalize().to_vec()
    }
}

impl Engine {
    /// Whether the key that seals is the one that everything in this database is sealed with: the key
    /// of the first node that has ever asked. With another one no webhook could be signed for.
    pub async fn seals_like_the_others(&self) -> Result<bool, EngineError> {
        let mine = self.settings.seal_key.fingerprint();
        Ok(self.store.agree(SEAL_KEY, mine.clone()).await? == mine)
    }
}

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}

/// The sealed secret does not open: another key, another row, or damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's secret does not open: was secret_key changed, or the row damaged?")]
pub struct DoesNotOpen;

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: &SealKey) -> Self {
        Self(XChaCha20Poly1305::new(&key.0.into()))
    }

    /// Seals a webhook's secret.
    pub fn seal(&self, webhook: WebhookId, secret: &Secret, chance: &dyn Chance) -> SealedSecret {
        self.seal_for(webhook.0, secret, chance)
    }

    /// Opens a webhook's secret.
    pub fn open(&self, webhook: WebhookId, sealed: &SealedSecret) -> Result<Secret, DoesNotOpen> {
        self.open_for(webhook.0, sealed)
    }

    /// Seals the token of a temporary endpoint.
    pub(crate) fn seal_token(
        &self,
        endpoint: EndpointId,
        token: &Secret,
        chance: &dyn Chance,
    ) -> SealedSecret {
        self.seal_for(endpoint.0, token, chance)
    }

    /// Opens the token of a temporary endpoint.
    pub(crate) fn open_token(
        &self,
        endpoint: EndpointId,
        sealed: &SealedSecret,
    ) -> Result<Secret, DoesNotOpen> {
        self.open_for(endpoint.0, sealed)
    }

    fn seal_for(&self, owner: ObjectId, secret: &Secret, chance: &dyn Chance) -> SealedSecret {
        let mut nonce = [0; NONCE];
        chance.fill(&mut nonce);
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: owner.as_bytes() };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("32 characters are far below the cipher's limit");
        SealedSecret([&[VERSION][..], &nonce, &sealed].concat())
    }

    fn open_for(&self, owner: ObjectId, sealed: &SealedSecret) -> Result<Secret, DoesNotOpen> {
        let (version, rest) = sealed.0.split_first().ok_or(DoesNotOpen)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(DoesNotOpen)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| DoesNotOpen)?;
        if *version != VERSION {
            return Err(DoesNotOpen);
        }
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let text = self.0.decrypt(&XNonce::from(nonce), payload).map_err(|_| DoesNotOpen)?;
        let text = String::from_utf8(text).map_err(|_| DoesNotOpen)?;
        Secret::new(text).map_err(|_| DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemChance;

    fn sealed() -> (Sealer, WebhookId, Secret, SealedSecret) {
        let sealer = Sealer::new(&SealKey([7; 32]));
        let webhook = WebhookId::from_bytes([1; 12]);
        let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
        let sealed = sealer.seal(webhook, &secret, &SystemChance);
        (sealer, webhook, secret, sealed)
    }

    #[test]
    fn a_sealed_secret_opens_only_with_its_key_and_for_its_webhook() {
        let (sealer, webhook, secret, sealed) = sealed();
        assert_eq!(sealer.open(webhook, &sealed), Ok(secret));
        assert_eq!(sealer.open(WebhookId::from_bytes([2; 12]), &sealed), Err(DoesNotOpen));
        assert_eq!(Sealer::new(&SealKey([8; 32])).open(webhook, &sealed), Err(DoesNotOpen));
    }

    #[test]
    fn a_damaged_secret_does_not_open() {
        let (sealer, webhook, secret, sealed) = sealed();
        let text = String::from_utf8_lossy(&sealed.0).into_owned();
        assert!(!text.contains(secret.reveal()));
        for index in 0..sealed.0.len() {
            let mut damaged = sealed.clone();
            damaged.0[index] ^= 1;
            assert_eq!(sealer.open(webhook, &damaged), Err(DoesNotOpen), "byte {index}");
            damaged.0.truncate(index);
            assert_eq!(sealer.open(webhook, &damaged), Err(DoesNotOpen), "length {index}");
        }
    }
}
