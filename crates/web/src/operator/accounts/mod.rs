//! Accounts: the tenants, as the operator sees them.

pub(crate) mod create;
pub(crate) mod end_sessions;
pub(crate) mod get;
pub(crate) mod list;

use herald_domain::{account, id::AccountId, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035ea0")]
    id: AccountId,
    /// What the operator calls it.
    #[schema(example = "Acme")]
    name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
}

impl From<account::Account> for Account {
    fn from(account: account::Account) -> Self {
        Self { id: account.id, name: account.name, created_at: account.created_at }
    }
}
