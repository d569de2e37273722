//! Accounts and their keys.

use async_trait::async_trait;
use herald_domain::{
    account::{Account, ApiKey},
    id::{AccountId, KeyId},
    time::Timestamp,
};
use herald_store::{Accounts, Listed, NewAccount, Page, Result};
use tokio_postgres::Row;

use crate::{
    PostgresStore,
    codec::{array, count, env_number, environment, maybe_time, object_id, signed, text, time},
    failure::Outcome,
    transaction::Tx,
};

#[async_trait]
impl Accounts for PostgresStore {
    async fn create_account(&self, new: NewAccount) -> Result<bool> {
        self.write(new, |tx, new| async move {
            if !insert_account(&tx, &new.account).await? {
                return Ok(false);
            }
            for key in &new.keys {
                insert_key(&tx, key).await?;
            }
            Ok(true)
        })
        .await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        self.look_up(id, |tx, id| async move {
            let sql = "SELECT id, name, created_at FROM account WHERE id = $1";
            tx.query_opt(sql, &[&&id.as_bytes()[..]]).await?.as_ref().map(account).transpose()
        })
        .await
    }

    async fn list_accounts(&self, page: Page) -> Result<Listed<Account>> {
        self.read(page, |tx, page| async move { list_accounts(&tx, *page).await }).await
    }

    async fn add_key(&self, key: ApiKey) -> Result<bool> {
        self.write(key, |tx, key| async move { insert_key(&tx, &key).await }).await
    }

    async fn list_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        self.look_up(account, |tx, id| async move {
            let sql = "SELECT k.id, k.env, k.hash, k.hint, k.created_at, k.revoked_at
                       FROM account AS a JOIN api_key AS k ON k.env / 2 = a.num
                       WHERE a.id = $1 AND k.env IN (a.num * 2, a.num * 2 + 1)
                       ORDER BY k.id DESC";
            let rows = tx.query(sql, &[&&id.as_bytes()[..]]).await?;
            rows.iter().map(|row| api_key(row, *id)).collect()
        })
        .await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
    ) -> Result<Option<ApiKey>> {
        self.write((account, key, at), |tx, given| async move {
            let (account, key, at) = &*given;
            let sql = "UPDATE api_key SET revoked_at = coalesce(revoked_at, $3)
                       WHERE id = $1 AND env / 2 = (SELECT num FROM account WHERE id = $2)
                       RETURNING id, env, hash, hint, created_at, revoked_at";
            let (id, of) = (&key.as_bytes()[..], &account.as_bytes()[..]);
            let row = tx.query_opt(sql, &[&id, &of, &at.millis()]).await?;
            row.map(|row| api_key(&row, *account)).transpose()
        })
        .await
    }

    async fn find_key(&self, hash: [u8; 32]) -> Result<Option<ApiKey>> {
        self.look_up(hash, |tx, hash| async move {
            let sql =
                "SELECT k.id, k.env, k.hash, k.hint, k.created_at, k.revoked_at, a.id AS account
                       FROM api_key AS k JOIN account AS a ON a.num = k.env / 2 WHERE k.hash = $1";
            let row = tx.query_opt(sql, &[&&hash[..]]).await?;
            row.map(|row| api_key(&row, AccountId(object_id(&row, "account")?))).transpose()
        })
        .await
    }
}

/// Makes an account and its environments; not, if there is one with its id.
async fn insert_account(tx: &Tx, account: &Account) -> Outcome<bool> {
    let sql = "WITH made AS (
                   INSERT INTO account (id, name, created_at) VALUES ($1, $2, $3)
                   ON CONFLICT (id) DO NOTHING RETURNING num)
               INSERT INTO environment (env, version)
               SELECT num * 2 + mode, 0 FROM made, generate_series(0, 1) AS mode";
    let (id, name) = (&account.id.as_bytes()[..], text(&account.name));
    Ok(tx.execute(sql, &[&id, &name, &account.created_at.millis()]).await? > 0)
}

async fn insert_key(tx: &Tx, key: &ApiKey) -> Outcome<bool> {
    let account = "SELECT num FROM account WHERE id = $1";
    let account = tx.query_opt(account, &[&&key.environment.account.as_bytes()[..]]).await?;
    let Some(account) = account else { return Ok(false) };
    let env = env_number(account.try_get("num")?, key.environment.mode);
    let sql = "INSERT INTO api_key (id, env, hash, hint, created_at, revoked_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (id, hash) = (&key.id.as_bytes()[..], &key.hash[..]);
    let revoked_at = key.revoked_at.map(Timestamp::millis);
    let values: &[crate::transaction::Value<'_>] =
        &[&id, &env, &hash, &key.hint, &key.created_at.millis(), &revoked_at];
    tx.execute(sql, values).await?;
    Ok(true)
}

async fn list_accounts(tx: &Tx, page: Page) -> Outcome<Listed<Account>> {
    let total = tx.query_one("SELECT count(*) AS total FROM account", &[]).await?;
    let sql = "SELECT id, name, created_at FROM account ORDER BY id DESC LIMIT $1 OFFSET $2";
    let rows = tx.query(sql, &[&i64::from(page.size()), &signed(page.offset())]).await?;
    let items = rows.iter().map(account).collect::<Outcome<_>>()?;
    Ok(Listed { items, total: count(&total, "total")? })
}

fn account(row: &Row) -> Outcome<Account> {
    Ok(Account {
        id: AccountId(object_id(row, "id")?),
        name: row.try_get("name")?,
        created_at: time(row, "created_at")?,
    })
}

fn api_key(row: &Row, account: AccountId) -> Outcome<ApiKey> {
    Ok(ApiKey {
        id: KeyId(object_id(row, "id")?),
        environment: environment(account, row.try_get("env")?),
        hash: array(row, "hash")?,
        hint: row.try_get("hint")?,
        created_at: time(row, "created_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
    })
}
