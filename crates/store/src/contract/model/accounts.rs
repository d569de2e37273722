//! The model's accounts and keys.

use async_trait::async_trait;
use herald_domain::{
    account::{Account, ApiKey},
    id::{AccountId, KeyId},
    time::Timestamp,
};

use super::{Model, paged};
use crate::{Accounts, Listed, NewAccount, Page, Result};

#[async_trait]
impl Accounts for Model {
    async fn create_account(&self, new: NewAccount) -> Result<bool> {
        let mut data = self.data();
        if data.accounts.iter().any(|account| account.id == new.account.id) {
            return Ok(false);
        }
        data.accounts.push(new.account);
        data.keys.extend(new.keys);
        Ok(true)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        Ok(self.data().accounts.iter().find(|account| account.id == id).cloned())
    }

    async fn list_accounts(&self, page: Page) -> Result<Listed<Account>> {
        Ok(paged(self.data().accounts.clone(), page))
    }

    async fn add_key(&self, key: ApiKey) -> Result<bool> {
        let mut data = self.data();
        let known = data.accounts.iter().any(|account| account.id == key.environment.account);
        data.keys.extend(known.then_some(key));
        Ok(known)
    }

    async fn list_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        let data = self.data();
        let keys = data.keys.iter().rev().filter(|key| key.environment.account == account);
        Ok(keys.cloned().collect())
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
    ) -> Result<Option<ApiKey>> {
        let mut data = self.data();
        let found = data.keys.iter_mut().find(|k| k.id == key && k.environment.account == account);
        Ok(found.map(|key| {
            key.revoked_at.get_or_insert(at);
            key.clone()
        }))
    }

    async fn find_key(&self, hash: [u8; 32]) -> Result<Option<ApiKey>> {
        Ok(self.data().keys.iter().find(|key| key.hash == hash).cloned())
    }
}
