//! What the writer knows by heart: environments with their webhooks, and shared names. It is as
//! new as the transaction, since nobody else writes; after a rollback it is learned anew.

use std::{collections::HashMap, sync::Arc};

use herald_domain::{
    account::EnvironmentId,
    id::{AccountId, WebhookId},
    rotation::Rotation,
    time::Timestamp,
    webhook::{Disabled, SealedSecret, Subscription, Webhook},
};
use herald_store::{Destination, Result, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    codec::{env_number, environment, maybe_time, object_id, time},
    failure::explain,
    stretches::Places,
};

/// Of each kind, how much is known at most; then it is learned anew.
pub(crate) const MOST_KNOWN: usize = 20_000;

/// What the writer knows by heart.
#[derive(Default)]
pub(crate) struct Registry {
    environments: HashMap<EnvironmentId, Arc<Environment>>,
    webhooks: HashMap<WebhookId, (i64, i64)>,
    types: HashMap<String, (String, i64)>,
    urls: HashMap<String, i64>,
    /// Later than what the environments say, by the webhook's number.
    succeeded: HashMap<i64, Timestamp>,
    /// Where events and deliveries are counted.
    pub(crate) places: Places,
}

/// An environment and its webhooks.
pub(crate) struct Environment {
    /// Its number.
    pub env: i64,
    /// Those that are not deleted, oldest first.
    pub hooks: Vec<Hook>,
}

/// A webhook with its number.
#[derive(Clone)]
pub(crate) struct Hook {
    /// Its number.
    pub num: i64,
    /// As of this transaction.
    pub destination: Destination,
}

impl Registry {
    /// The environment, if its account exists.
    pub(crate) fn environment(
        &mut self,
        connection: &Connection,
        id: EnvironmentId,
    ) -> Result<Option<Arc<Environment>>> {
        if let Some(known) = self.environments.get(&id) {
            return Ok(Some(known.clone()));
        }
        let Some(account) = account_number(connection, id.account).map_err(explain)? else {
            return Ok(None);
        };
        let env = env_number(account, id.mode);
        let learned = Arc::new(Environment { env, hooks: hooks(connection, id, env)? });
        if self.environments.len() >= MOST_KNOWN {
            self.environments.clear();
        }
        self.environments.insert(id, learned.clone());
        Ok(Some(learned))
    }

    /// Forgets an environment, since its webhooks change in this transaction.
    pub(crate) fn forget(&mut self, id: EnvironmentId) {
        self.environments.remove(&id);
    }

    /// Something was delivered to a webhook.
    pub(crate) fn succeeded(&mut self, webhook: i64, at: Timestamp) {
        if self.succeeded.len() >= MOST_KNOWN {
            // Then it is read again from the tallies, with the environments.
            self.succeeded.clear();
            self.environments.clear();
        }
        let known = self.succeeded.entry(webhook).or_insert(at);
        *known = at.max(*known);
    }

    /// A webhook of an environment, with its latest success.
    pub(crate) fn destination(&self, hook: &Hook) -> Destination {
        let succeeded_at = self.succeeded.get(&hook.num).copied();
        let mut destination = hook.destination.clone();
        destination.succeeded_at = destination.succeeded_at.max(succeeded_at);
        destination
    }

    /// The environment's and the webhook's number, deleted or not.
    pub(crate) fn webhook(
        &mut self,
        connection: &Connection,
        id: WebhookId,
    ) -> Result<Option<(i64, i64)>> {
        if let Some(known) = self.webhooks.get(&id) {
            return Ok(Some(*known));
        }
        let found = connection
            .prepare_cached("SELECT env, num FROM webhook WHERE id = ?1")
            .and_then(|mut query| {
                query.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(explain)?;
        if let Some(numbers) = found {
            if self.webhooks.len() >= MOST_KNOWN {
                self.webhooks.clear();
            }
            self.webhooks.insert(id, numbers);
        }
        Ok(found)
    }

    /// The number of an event type about a kind of resource.
    pub(crate) fn event_type(
        &mut self,
        connection: &Connection,
        name: &str,
        resource: &str,
    ) -> Result<i64> {
        if let Some((known, num)) = self.types.get(name)
            && known == resource
        {
            return Ok(*num);
        }
        let select = "SELECT num FROM event_type WHERE name = ?1 AND resource = ?2";
        let insert = "INSERT INTO event_type (name, resource) VALUES (?1, ?2) RETURNING num";
        let num = select_or_insert(connection, select, insert, params![name, resource])?;
        self.types.insert(name.to_owned(), (resource.to_owned(), num));
        Ok(num)
    }

    /// The number of a URL.
    pub(crate) fn url(&mut self, connection: &Connection, url: &str) -> Result<i64> {
        if let Some(num) = self.urls.get(url) {
            return Ok(*num);
        }
        let select = "SELECT num FROM destination WHERE url = ?1";
        let insert = "INSERT INTO destination (url) VALUES (?1) RETURNING num";
        let num = select_or_insert(connection, select, insert, params![url])?;
        if self.urls.len() >= MOST_KNOWN {
            self.urls.clear();
        }
        self.urls.insert(url.to_owned(), num);
        Ok(num)
    }
}

fn select_or_insert(
    connection: &Connection,
    select: &str,
    insert: &str,
    key: &[&dyn rusqlite::ToSql],
) -> Result<i64> {
    let run = || {
        let found = connection.prepare_cached(select)?.query_row(key, |row| row.get(0)).optional();
        match found? {
            Some(num) => Ok(num),
            None => connection.prepare_cached(insert)?.query_row(key, |row| row.get(0)),
        }
    };
    run().map_err(explain)
}

/// The number of an account.
pub(crate) fn account_number(
    connection: &Connection,
    id: AccountId,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT num FROM account WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()
}

/// The number of an environment; `None` if there is no such account.
pub(crate) fn known_env(connection: &Connection, id: EnvironmentId) -> Result<Option<i64>> {
    let account = account_number(connection, id.account).map_err(explain)?;
    Ok(account.map(|account| env_number(account, id.mode)))
}

fn hooks(connection: &Connection, id: EnvironmentId, env: i64) -> Result<Vec<Hook>> {
    let sql = "SELECT w.*, t.succeeded_at FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
               WHERE w.env = ?1 AND w.deleted_at IS NULL ORDER BY w.id";
    let mut query = connection.prepare_cached(sql).map_err(explain)?;
    let mut rows = query.query([env]).map_err(explain)?;
    let mut hooks = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        hooks.push(hook(row, id.account).map_err(explain)?);
    }
    Ok(hooks)
}

/// One webhook by its number, if it is not deleted.
pub(crate) fn hook_by_number(connection: &Connection, num: i64) -> Result<Option<Hook>> {
    let sql = "SELECT w.*, t.succeeded_at, a.id AS account
               FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
               JOIN account AS a ON a.num = w.env / 2
               WHERE w.num = ?1 AND w.deleted_at IS NULL";
    let read = |row: &Row<'_>| hook(row, AccountId(object_id(row, "account")?));
    connection
        .prepare_cached(sql)
        .and_then(|mut query| query.query_row([num], read).optional())
        .map_err(explain)
}

fn hook(row: &Row<'_>, account: AccountId) -> rusqlite::Result<Hook> {
    Ok(Hook {
        num: row.get("num")?,
        destination: Destination {
            webhook: Arc::new(webhook(row, account)?),
            succeeded_at: maybe_time(row, "succeeded_at")?,
        },
    })
}

/// A webhook from its row, as the dispatcher needs it.
pub(crate) fn webhook(row: &Row<'_>, account: AccountId) -> rusqlite::Result<Webhook> {
    let events: String = row.get("events")?;
    let events = serde_json::from_str(&events).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })?;
    let reason: Option<String> = row.get("disabled_reason")?;
    let disabled_at: Option<Timestamp> = maybe_time(row, "disabled_at")?;
    Ok(Webhook {
        id: WebhookId(object_id(row, "id")?),
        environment: environment(account, row.get("env")?),
        description: row.get("description")?,
        url: row.get("url")?,
        enabled: row.get("enabled")?,
        events: Subscription::from_stored(events),
        secret: SealedSecret(row.get("secret")?),
        rotation: rotation(row)?,
        disabled: reason.zip(disabled_at).map(|(reason, at)| Disabled { reason, at }),
        failing: None,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn rotation(row: &Row<'_>) -> rusqlite::Result<Option<Rotation>> {
    let Some(previous) = row.get("previous_secret")? else { return Ok(None) };
    Ok(Some(Rotation {
        previous: SealedSecret(previous),
        until: time(row, "rotation_until")?,
        switched: row.get("rotation_switched")?,
    }))
}

/// The stored form of a subscription.
pub(crate) fn encode_events(subscription: &Subscription) -> Result<String> {
    serde_json::to_string(subscription.names())
        .map_err(|error| StoreError::Internal(error.to_string()))
}
