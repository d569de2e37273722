//! Accounts and their keys: what the operator manages.

use herald_domain::{
    account::{Account, ApiKey, EnvironmentId, Mode},
    id::{AccountId, KeyId},
    problem::Problem,
};
use herald_store::{Listed, NewAccount, Page};

use crate::{Engine, EngineError, Result};

/// Longest name of an account, characters.
const NAME_LENGTH: usize = 200;

/// The name under which nodes agree on the id of the account that the first start makes.
const FIRST_ACCOUNT: &str = "first account";

/// A new account with the texts of its keys, to be shown once.
#[derive(Clone)]
pub struct NewAccountKeys {
    /// The account.
    pub account: Account,
    /// Opens its test environment.
    pub test: String,
    /// Opens its live environment.
    pub live: String,
}

impl std::fmt::Debug for NewAccountKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccountKeys").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an account with one key for each environment.
    pub async fn create_account(&self, name: &str) -> Result<NewAccountKeys> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_LENGTH {
            let message = format!("'name' should have 1 to {NAME_LENGTH} characters");
            return Err(Problem::invalid("name", message).into());
        }
        let id = AccountId(self.ids.next(self.clock.now()));
        let made = self.make_account(id, name).await?;
        made.ok_or_else(|| EngineError::Internal(format!("there is an account {id} already")))
    }

    /// Makes an account if there is none at all; of several nodes that start at once, one makes it.
    pub async fn create_first_account(&self, name: &str) -> Result<Option<NewAccountKeys>> {
        if self.list_accounts(Page::default()).await?.total > 0 {
            return Ok(None);
        }
        let proposed = self.ids.next(self.clock.now()).as_bytes().to_vec();
        let agreed = self.store.agree(FIRST_ACCOUNT, proposed).await?;
        let id = agreed.try_into().map_err(|_| {
            EngineError::Internal(format!("what was agreed as {FIRST_ACCOUNT} is no id"))
        })?;
        self.make_account(AccountId::from_bytes(id), name).await
    }

    /// `None`, if there is an account with this id already.
    async fn make_account(&self, id: AccountId, name: &str) -> Result<Option<NewAccountKeys>> {
        let now = self.clock.now();
        let account = Account { id, name: name.to_owned(), created_at: now };
        let (test_key, test) = self.make_key(EnvironmentId { account: id, mode: Mode::Test }, now);
        let (live_key, live) = self.make_key(EnvironmentId { account: id, mode: Mode::Live }, now);
        let new = NewAccount { account: account.clone(), keys: vec![test_key, live_key] };
        let made = self.store.create_account(new).await?;
        Ok(made.then_some(NewAccountKeys { account, test, live }))
    }

    /// The account with this id.
    pub async fn account(&self, id: AccountId) -> Result<Account> {
        let account = self.store.account(id).await?;
        Ok(account.ok_or_else(|| unknown_account(id))?)
    }

    /// A page of all accounts, newest first.
    pub async fn list_accounts(&self, page: Page) -> Result<Listed<Account>> {
        Ok(self.store.list_accounts(page).await?)
    }

    /// Makes another key for an environment; its text is to be shown once.
    pub async fn create_key(&self, account: AccountId, mode: Mode) -> Result<(ApiKey, String)> {
        let (key, text) = self.make_key(EnvironmentId { account, mode }, self.clock.now());
        if !self.store.add_key(key.clone()).await? {
            return Err(unknown_account(account).into());
        }
        Ok((key, text))
    }

    /// Every key of an account, newest first, revoked ones included.
    pub async fn list_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        self.account(account).await?;
        Ok(self.store.list_keys(account).await?)
    }

    /// Revokes a key: from now on it opens nothing.
    pub async fn revoke_key(&self, account: AccountId, key: KeyId) -> Result<ApiKey> {
        let revoked = self.store.revoke_key(account, key, self.clock.now()).await?;
        self.keys.forget(key);
        Ok(revoked.ok_or_else(|| Problem::not_found("key", &key.to_string()))?)
    }
}

pub(crate) fn unknown_account(id: AccountId) -> Problem {
    Problem::not_found("account", &id.to_string())
}
