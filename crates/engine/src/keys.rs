//! API keys: made, hashed, recognised.
//!
//! A key is `test_` or `live_` and 32 random alphanumerics (190 bits), so SHA-256 without salt is
//! enough. A recognised key is remembered for a few seconds, and forgotten at once when this
//! process revokes it; another node notices within [`REMEMBERED`].

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use herald_domain::{
    account::{ApiKey, EnvironmentId},
    id::KeyId,
    signature::Secret,
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Chance, Engine, Result};

/// How long a recognised key is remembered.
const REMEMBERED: Duration = Duration::from_secs(5);

/// At most so many are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// The key of the operator, who publishes and manages accounts.
#[derive(Clone)]
pub struct OperatorKey([u8; 32]);

impl OperatorKey {
    /// The key with this text; only its hash is kept.
    pub fn new(text: &str) -> Self {
        Self(hash(text))
    }
}

impl std::fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorKey(..)")
    }
}

/// What a presented key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One environment of one account.
    Environment(EnvironmentId),
    /// The operator's API.
    Operator,
}

/// Remembers recognised keys.
pub(crate) struct KeyRing {
    operator: [u8; 32],
    recognised: Mutex<HashMap<[u8; 32], (ApiKey, Timestamp)>>,
}

impl KeyRing {
    pub(crate) fn new(operator: &OperatorKey) -> Self {
        Self { operator: operator.0, recognised: Mutex::default() }
    }

    fn recall(&self, hash: &[u8; 32], now: Timestamp) -> Option<EnvironmentId> {
        let recognised = self.recognised.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = recognised.get(hash)?;
        let fresh = now >= *since && now.since(*since) < REMEMBERED;
        fresh.then_some(key.environment)
    }

    fn remember(&self, key: ApiKey, now: Timestamp) {
        let mut recognised = self.recognised.lock().unwrap_or_else(PoisonError::into_inner);
        if recognised.len() >= MOST_REMEMBERED {
            recognised.clear();
        }
        recognised.insert(key.hash, (key, now));
    }

    pub(crate) fn forget(&self, id: KeyId) {
        let mut recognised = self.recognised.lock().unwrap_or_else(PoisonError::into_inner);
        recognised.retain(|_, (key, _)| key.id != id);
    }
}

impl Engine {
    /// What the presented key opens; `None` if it is unknown or revoked.
    pub async fn authenticate(&self, presented: &str) -> Result<Option<Access>> {
        let hash = hash(presented);
        if bool::from(hash.ct_eq(&self.keys.operator)) {
            return Ok(Some(Access::Operator));
        }
        let now = self.clock.now();
        if let Some(environment) = self.keys.recall(&hash, now) {
            return Ok(Some(Access::Environment(environment)));
        }
        let Some(key) = self.store.find_key(hash).await? else { return Ok(None) };
        if key.revoked_at.is_some() {
            return Ok(None);
        }
        let access = Access::Environment(key.environment);
        self.keys.remember(key, now);
        Ok(Some(access))
    }

    /// A new key for an environment: what is kept of it, and its text, to be shown once.
    pub(crate) fn make_key(&self, environment: EnvironmentId, at: Timestamp) -> (ApiKey, String) {
        let text = format!("{}_{}", environment.mode, random_text(&*self.chance));
        let key = ApiKey {
            id: KeyId(self.ids.next(at)),
            environment,
            hash: hash(&text),
            hint: text.chars().take(9).collect(),
            created_at: at,
            revoked_at: None,
        };
        (key, text)
    }
}

/// 32 random alphanumerics.
pub(crate) fn random_text(chance: &dyn Chance) -> String {
    random_secret(chance).reveal().to_owned()
}

/// A new signing secret.
pub(crate) fn random_secret(chance: &dyn Chance) -> Secret {
    Secret::from_random(|| {
        let mut bytes = [0; 64];
        chance.fill(&mut bytes);
        bytes
    })
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
