//! The keys of an account. A key's text is shown when it is made and never again.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use herald_domain::{account, id::KeyId, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What is kept of a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    /// Names the key; it is not the key.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035ea1")]
    id: KeyId,
    /// What it opens: `test` or `live`.
    #[schema(example = "test")]
    environment: &'static str,
    /// The key itself. Only in the answer to the creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
    /// Its first characters, to tell keys apart.
    #[schema(example = "test_wyYu")]
    hint: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it stopped working, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    revoked_at: Option<Timestamp>,
}

impl From<account::ApiKey> for ApiKey {
    fn from(key: account::ApiKey) -> Self {
        Self {
            id: key.id,
            environment: key.environment.mode.as_str(),
            key: None,
            hint: key.hint,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}
