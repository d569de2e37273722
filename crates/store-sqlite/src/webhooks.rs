//! Webhooks.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::{AccountId, WebhookId},
    rotation::SecretChange,
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};
use herald_store::{Created, Listed, Page, Result, SecretChanged, WebhookFilter, Webhooks};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{environment, object_id, signed},
    failure::explain,
    notices::{SHOWN, failing},
    registry::{encode_events, known_env, webhook},
    writer::Session,
};

#[async_trait]
impl Webhooks for SqliteStore {
    async fn create_webhook(&self, webhook: Webhook, limit: u32) -> Result<Created> {
        self.writer.write(move |session| create(session, &webhook, limit)).await
    }

    async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        patch: WebhookPatch,
        at: Timestamp,
    ) -> Result<Option<Webhook>> {
        self.writer
            .write(move |session| {
                let Some(found) = find(session.connection, environment, id)? else {
                    return Ok(None);
                };
                save(session, &found.patched(&patch, at))?;
                find(session.connection, environment, id)
            })
            .await
    }

    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
        at: Timestamp,
    ) -> Result<SecretChanged> {
        self.writer
            .write(move |session| {
                let Some(found) = find(session.connection, environment, id)? else {
                    return Ok(SecretChanged::UnknownWebhook);
                };
                Ok(match found.with_secrets(&change, at) {
                    Err(running) => SecretChanged::Running(running),
                    Ok(changed) => {
                        save(session, &changed)?;
                        SecretChanged::Changed(changed.into())
                    }
                })
            })
            .await
    }

    async fn delete_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        at: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |session| {
                let Some(env) = known_env(session.connection, environment)? else {
                    return Ok(false);
                };
                session.registry.forget(environment);
                let sql = "UPDATE webhook SET deleted_at = ?3
                           WHERE id = ?1 AND env = ?2 AND deleted_at IS NULL";
                let changed = session
                    .connection
                    .execute(sql, params![id.as_bytes(), env, at.millis()])
                    .map_err(explain)?;
                Ok(changed == 1)
            })
            .await
    }

    async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>> {
        self.readers.read(move |connection| find(connection, environment, id)).await
    }

    async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>> {
        self.readers
            .read(move |connection| {
                let mut all = every(connection, environment)?;
                all.retain(|webhook| matches(&filter, webhook));
                let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
                let first = usize::try_from(page.offset()).unwrap_or(usize::MAX);
                let size = usize::try_from(page.size()).unwrap_or(usize::MAX);
                Ok(Listed { items: all.into_iter().skip(first).take(size).collect(), total })
            })
            .await
    }
}

fn create(session: &mut Session<'_>, webhook: &Webhook, limit: u32) -> Result<Created> {
    let Some(environment) =
        session.registry.environment(session.connection, webhook.environment)?
    else {
        return Ok(Created::UnknownAccount);
    };
    if environment.hooks.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(Created::LimitReached);
    }
    session.registry.forget(webhook.environment);
    let insert = || {
        let sql = "INSERT INTO webhook
                       (id, env, description, url, enabled, events, secret, created_at, updated_at,
                        disabled_reason, disabled_at,
                        previous_secret, rotation_until, rotation_switched)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let disabled = webhook.disabled.as_ref();
        let rotation = webhook.rotation.as_ref();
        session.connection.prepare_cached(sql)?.insert(params![
            webhook.id.as_bytes(),
            environment.env,
            webhook.description,
            webhook.url,
            webhook.enabled,
            encode_events(&webhook.events).unwrap_or_default(),
            webhook.secret.0,
            webhook.created_at.millis(),
            webhook.updated_at.millis(),
            disabled.map(|disabled| &disabled.reason),
            disabled.map(|disabled| disabled.at.millis()),
            rotation.map(|rotation| &rotation.previous.0),
            rotation.map(|rotation| rotation.until.millis()),
            rotation.map(|rotation| rotation.switched),
        ])
    };
    let num = insert().map_err(explain)?;
    session
        .connection
        .execute("INSERT INTO tally (webhook, env) VALUES (?1, ?2)", [num, environment.env])
        .map_err(explain)?;
    Ok(Created::Created)
}

/// Writes a changed webhook, in this transaction.
pub(crate) fn save(session: &mut Session<'_>, webhook: &Webhook) -> Result<()> {
    session.registry.forget(webhook.environment);
    let sql = "UPDATE webhook SET description = ?2, url = ?3, enabled = ?4, events = ?5,
                   secret = ?6, disabled_reason = ?7, disabled_at = ?8, updated_at = ?9,
                   previous_secret = ?10, rotation_until = ?11, rotation_switched = ?12
               WHERE id = ?1";
    let events = encode_events(&webhook.events)?;
    let disabled = webhook.disabled.as_ref();
    let rotation = webhook.rotation.as_ref();
    session
        .connection
        .execute(
            sql,
            params![
                webhook.id.as_bytes(),
                webhook.description,
                webhook.url,
                webhook.enabled,
                events,
                webhook.secret.0,
                disabled.map(|disabled| &disabled.reason),
                disabled.map(|disabled| disabled.at.millis()),
                webhook.updated_at.millis(),
                rotation.map(|rotation| &rotation.previous.0),
                rotation.map(|rotation| rotation.until.millis()),
                rotation.map(|rotation| rotation.switched),
            ],
        )
        .map_err(explain)?;
    Ok(())
}

/// Forgets the previous secrets of up to `limit` webhooks whose rotation is over; how many.
pub(crate) fn end_rotations(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize> {
    let sql = "UPDATE webhook
               SET previous_secret = NULL, rotation_until = NULL, rotation_switched = NULL
               WHERE num IN (SELECT num FROM webhook WHERE rotation_until <= ?1 LIMIT ?2)
               RETURNING env, (SELECT id FROM account WHERE num = env / 2) AS account";
    let mut update = session.connection.prepare_cached(sql).map_err(explain)?;
    let environments = update
        .query_map(params![now.millis(), signed(limit as u64)], |row| {
            Ok(environment(AccountId(object_id(row, "account")?), row.get("env")?))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(explain)?;
    for environment in &environments {
        session.registry.forget(*environment);
    }
    Ok(environments.len())
}

/// A webhook of this environment that is not deleted.
pub(crate) fn find(
    connection: &Connection,
    environment: EnvironmentId,
    id: WebhookId,
) -> Result<Option<Webhook>> {
    let Some(env) = known_env(connection, environment)? else { return Ok(None) };
    let sql = format!("{SHOWN} WHERE w.id = ?1 AND w.env = ?2 AND w.deleted_at IS NULL");
    connection
        .prepare_cached(&sql)
        .and_then(|mut query| {
            let read = |row: &Row<'_>| shown(row, environment.account);
            query.query_row(params![id.as_bytes(), env], read).optional()
        })
        .map_err(explain)
}

fn shown(row: &Row<'_>, account: AccountId) -> rusqlite::Result<Webhook> {
    Ok(Webhook { failing: failing(row)?, ..webhook(row, account)? })
}

/// An environment has at most some dozens, so they are filtered here, not in SQL.
fn every(connection: &Connection, environment: EnvironmentId) -> Result<Vec<Webhook>> {
    let Some(env) = known_env(connection, environment)? else { return Ok(Vec::new()) };
    let sql = format!("{SHOWN} WHERE w.env = ?1 AND w.deleted_at IS NULL ORDER BY w.id DESC");
    let mut query = connection.prepare_cached(&sql).map_err(explain)?;
    let rows = query.query_map([env], |row| shown(row, environment.account)).map_err(explain)?;
    rows.collect::<Result<_, _>>().map_err(explain)
}

fn matches(filter: &WebhookFilter, webhook: &Webhook) -> bool {
    let listed = |event: &String| webhook.events.names().contains(event);
    filter.enabled.is_none_or(|enabled| enabled == webhook.enabled)
        && filter.url.as_ref().is_none_or(|url| *url == webhook.url)
        && filter.event.as_ref().is_none_or(listed)
        && filter.created.contains(webhook.created_at)
        && filter.updated.contains(webhook.updated_at)
}
