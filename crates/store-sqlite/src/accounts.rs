//! Accounts and their keys.

use async_trait::async_trait;
use herald_domain::{
    account::{Account, ApiKey},
    id::{AccountId, KeyId},
    time::Timestamp,
};
use herald_store::{Accounts, Listed, NewAccount, Page, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{count, env_number, environment, maybe_time, object_id, signed, time},
    failure::explain,
    registry::account_number,
};

#[async_trait]
impl Accounts for SqliteStore {
    async fn create_account(&self, new: NewAccount) -> Result<bool> {
        self.writer
            .write(move |session| {
                if !insert_account(session.connection, &new.account).map_err(explain)? {
                    return Ok(false);
                }
                for key in &new.keys {
                    insert_key(session.connection, key).map_err(explain)?;
                }
                Ok(true)
            })
            .await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        self.readers
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT * FROM account WHERE id = ?1")
                    .and_then(|mut query| query.query_row([id.as_bytes()], account).optional())
                    .map_err(explain)
            })
            .await
    }

    async fn list_accounts(&self, page: Page) -> Result<Listed<Account>> {
        self.readers.read(move |connection| list_accounts(connection, page).map_err(explain)).await
    }

    async fn add_key(&self, key: ApiKey) -> Result<bool> {
        self.writer
            .write(move |session| insert_key(session.connection, &key).map_err(explain))
            .await
    }

    async fn list_keys(&self, account: AccountId) -> Result<Vec<ApiKey>> {
        self.readers.read(move |connection| list_keys(connection, account).map_err(explain)).await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
    ) -> Result<Option<ApiKey>> {
        self.writer
            .write(move |session| {
                let sql = "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?3)
                           WHERE id = ?1 AND env / 2 = (SELECT num FROM account WHERE id = ?2)
                           RETURNING *";
                let arguments = params![key.as_bytes(), account.as_bytes(), at.millis()];
                session
                    .connection
                    .prepare_cached(sql)
                    .and_then(|mut update| {
                        update.query_row(arguments, |row| api_key(row, account)).optional()
                    })
                    .map_err(explain)
            })
            .await
    }

    async fn find_key(&self, hash: [u8; 32]) -> Result<Option<ApiKey>> {
        let sql = "SELECT k.*, a.id AS account
                   FROM api_key AS k JOIN account AS a ON a.num = k.env / 2 WHERE k.hash = ?1";
        let read = |row: &Row<'_>| api_key(row, AccountId(object_id(row, "account")?));
        self.readers
            .read(move |connection| {
                connection
                    .prepare_cached(sql)
                    .and_then(|mut query| query.query_row([hash], read).optional())
                    .map_err(explain)
            })
            .await
    }
}

/// Whether it was made: not, if there is one with its id.
fn insert_account(connection: &Connection, account: &Account) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO account (id, name, created_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO NOTHING";
    let values = params![account.id.as_bytes(), account.name, account.created_at.millis()];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

fn insert_key(connection: &Connection, key: &ApiKey) -> rusqlite::Result<bool> {
    let Some(account) = account_number(connection, key.environment.account)? else {
        return Ok(false);
    };
    let sql = "INSERT INTO api_key (id, env, hash, hint, created_at, revoked_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(sql)?.execute(params![
        key.id.as_bytes(),
        env_number(account, key.environment.mode),
        key.hash,
        key.hint,
        key.created_at.millis(),
        key.revoked_at.map(Timestamp::millis),
    ])?;
    Ok(true)
}

fn list_accounts(connection: &Connection, page: Page) -> rusqlite::Result<Listed<Account>> {
    let total = connection
        .query_row("SELECT count(*) AS total FROM account", [], |row| count(row, "total"))?;
    let items = connection
        .prepare_cached("SELECT * FROM account ORDER BY id DESC LIMIT ?1 OFFSET ?2")?
        .query_map(params![page.size(), signed(page.offset())], account)?
        .collect::<Result<_, _>>()?;
    Ok(Listed { items, total })
}

fn list_keys(connection: &Connection, account: AccountId) -> rusqlite::Result<Vec<ApiKey>> {
    let Some(num) = account_number(connection, account)? else { return Ok(Vec::new()) };
    connection
        .prepare_cached("SELECT * FROM api_key WHERE env IN (?1, ?1 + 1) ORDER BY id DESC")?
        .query_map([num * 2], |row| api_key(row, account))?
        .collect()
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(object_id(row, "id")?),
        name: row.get("name")?,
        created_at: time(row, "created_at")?,
    })
}

fn api_key(row: &Row<'_>, account: AccountId) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: KeyId(object_id(row, "id")?),
        environment: environment(account, row.get("env")?),
        hash: row.get("hash")?,
        hint: row.get("hint")?,
        created_at: time(row, "created_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
    })
}
