//! Accounts and the keys that open them.

use async_trait::async_trait;
use herald_domain::{
    account::{Account, ApiKey},
    id::{AccountId, KeyId},
    time::Timestamp,
};

use crate::{Listed, Page, Result};

/// An account to be made, with its first keys.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The account.
    pub account: Account,
    /// Its first keys, hashed.
    pub keys: Vec<ApiKey>,
}

/// Accounts and the keys that open them.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Makes an account together with its first keys; `false`, and nothing is made, if there is one
    /// with its id already.
    async fn create_account(&self, new: NewAccount) -> Result<bool>;

    /// The account with this id.
    async fn account(&self, id: AccountId) -> Result<Option<Account>>;

    /// A page of all accounts, newest first.
    async fn list_accounts(&self, page: Page) -> Result<Listed<Account>>;

    /// Adds a key; `false` if its account does not exist.
    async fn add_key(&self, key: ApiKey) -> Result<bool>;

    /// Every key of an account, newest first, revoked ones included.
    async fn list_keys(&self, account: AccountId) -> Result<Vec<ApiKey>>;

    /// Revokes a key of an account; the time of an earlier revocation stays. `None` if the
    /// account has no such key.
    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
    ) -> Result<Option<ApiKey>>;

    /// The key with this SHA-256, revoked or not.
    async fn find_key(&self, hash: [u8; 32]) -> Result<Option<ApiKey>>;
}
