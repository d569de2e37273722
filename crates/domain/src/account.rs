//! Accounts, their two environments, and the keys that open them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, KeyId},
    time::Timestamp,
};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What the operator calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which of an account's two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// For trying things out.
    Test,
    /// For real.
    Live,
}

impl Mode {
    /// The word in the API and the prefix of keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "test" => Ok(Self::Test),
            "live" => Ok(Self::Live),
            _ => Err(()),
        }
    }
}

/// One environment: everything below it is invisible from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentId {
    /// Whose.
    pub account: AccountId,
    /// Which of the two.
    pub mode: Mode,
}

impl fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.mode)
    }
}

/// What is remembered of an API key: never the key, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key in lists and revocations.
    pub id: KeyId,
    /// What it opens.
    pub environment: EnvironmentId,
    /// SHA-256 of the whole key. A key has ≥ 128 random bits, so no slow hash is needed.
    pub hash: [u8; 32],
    /// The key's first characters, so that a person can tell keys apart.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped working, if it did.
    pub revoked_at: Option<Timestamp>,
}
