//! Webhooks.
//!
//! Whoever changes one locks its environment first, and then its row: so a webhook is changed by one
//! transaction at a time, on whatever node, and what an environment may have at most is counted by one.
//! With the change, the environment gets another version, which tells every node that what it knows by
//! heart is old.

use std::borrow::Cow;

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    rotation::SecretChange,
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};
use herald_store::{Created, Listed, Page, Result, SecretChanged, Signal, WebhookFilter, Webhooks};

use crate::{
    PostgresStore, Shared,
    codec::{count, limit as at_most, object_id, text},
    failure::Outcome,
    registry::{Registry, encode_events},
    shown::{shown, shown_where},
    transaction::{Tx, Value},
};

#[async_trait]
impl Webhooks for PostgresStore {
    async fn create_webhook(&self, webhook: Webhook, limit: u32) -> Result<Created> {
        let id = webhook.id;
        let created = self
            .write((self.shared.clone(), webhook, limit), |tx, given| async move {
                let (shared, webhook, limit) = &*given;
                create(&tx, shared, webhook, *limit).await
            })
            .await?;
        if created == Created::Created {
            self.tell_changed(id);
        }
        Ok(created)
    }

    async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        patch: WebhookPatch,
        at: Timestamp,
    ) -> Result<Option<Webhook>> {
        let updated = self
            .write((self.shared.clone(), patch), move |tx, given| async move {
                let (shared, patch) = &*given;
                let Some(found) = find_for_update(&tx, shared, environment, id).await? else {
                    return Ok(None);
                };
                save(&tx, shared.node.lease(), &found.patched(patch, at)).await?;
                find(&tx, &shared.registry, environment, id).await
            })
            .await?;
        if updated.is_some() {
            self.tell_changed(id);
        }
        Ok(updated)
    }

    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
        at: Timestamp,
    ) -> Result<SecretChanged> {
        let changed = self
            .write((self.shared.clone(), change), move |tx, given| async move {
                let (shared, change) = &*given;
                let Some(found) = find_for_update(&tx, shared, environment, id).await? else {
                    return Ok(SecretChanged::UnknownWebhook);
                };
                Ok(match found.with_secrets(change, at) {
                    Err(running) => SecretChanged::Running(running),
                    Ok(changed) => {
                        save(&tx, shared.node.lease(), &changed).await?;
                        SecretChanged::Changed(changed.into())
                    }
                })
            })
            .await?;
        if matches!(changed, SecretChanged::Changed(_)) {
            self.tell_changed(id);
        }
        Ok(changed)
    }

    async fn delete_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        at: Timestamp,
    ) -> Result<bool> {
        let deleted = self
            .write(self.shared.clone(), move |tx, shared| async move {
                let Some(env) = shared.registry.env(&tx, environment).await? else {
                    return Ok(false);
                };
                delete(&tx, shared.node.lease(), (env, id), at).await
            })
            .await?;
        if deleted {
            self.tell_changed(id);
        }
        Ok(deleted)
    }

    async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>> {
        self.look_up(self.shared.clone(), move |tx, shared| async move {
            find(&tx, &shared.registry, environment, id).await
        })
        .await
    }

    async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>> {
        let mut all = self
            .look_up(self.shared.clone(), move |tx, shared| async move {
                every(&tx, &shared.registry, environment).await
            })
            .await?;
        all.retain(|webhook| matches(&filter, webhook));
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let first = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let size = usize::try_from(page.size()).unwrap_or(usize::MAX);
        Ok(Listed { items: all.into_iter().skip(first).take(size).collect(), total })
    }
}

impl PostgresStore {
    fn tell_changed(&self, id: WebhookId) {
        self.shared.signals.tell(Signal::WebhookChanged(id));
    }
}

async fn create(tx: &Tx, shared: &Shared, webhook: &Webhook, limit: u32) -> Outcome<Created> {
    let Some(env) = shared.registry.env(tx, webhook.environment).await? else {
        return Ok(Created::UnknownAccount);
    };
    lock_environments(tx, &[env]).await?;
    let sql = "SELECT count(*) AS total FROM webhook WHERE env = $1 AND deleted_at IS NULL";
    if count::<i64>(&tx.query_one(sql, &[&env]).await?, "total")? >= i64::from(limit) {
        return Ok(Created::LimitReached);
    }
    let sql = "INSERT INTO webhook
                   (id, description, url, enabled, events, secret, disabled_reason, disabled_at,
                    updated_at, previous_secret, rotation_until, rotation_switched, changed_by,
                    env, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let columns = Columns::of(webhook, shared.node.lease())?;
    let created_at = webhook.created_at.millis();
    let further: [Value<'_>; 2] = [&env, &created_at];
    tx.execute(sql, &[&columns.values()[..], &further].concat()).await?;
    new_versions(tx, &[env]).await?;
    Ok(Created::Created)
}

async fn delete(tx: &Tx, lease: i64, (env, id): (i64, WebhookId), at: Timestamp) -> Outcome<bool> {
    lock_environments(tx, &[env]).await?;
    let sql = "UPDATE webhook
               SET deleted_at = $3, changed_at = clock_timestamp(), changed_by = $4
               WHERE id = $1 AND env = $2 AND deleted_at IS NULL";
    let deleted = tx.execute(sql, &[&&id.as_bytes()[..], &env, &at.millis(), &lease]).await?;
    if deleted > 0 {
        new_versions(tx, &[env]).await?;
    }
    Ok(deleted > 0)
}

/// Locks environments until the end of the transaction: their webhooks are changed, and what they may
/// have at most is counted, by nobody else.
pub(crate) async fn lock_environments(tx: &Tx, envs: &[i64]) -> Outcome<()> {
    let sql = "SELECT FROM environment WHERE env = ANY($1) ORDER BY env FOR NO KEY UPDATE";
    tx.query(sql, &[&envs]).await?;
    Ok(())
}

/// Gives an environment another version. Not only the next: a standby that takes over, and was a little
/// behind, must not give one again that somebody knows other webhooks by.
const NEW_VERSION: &str = "UPDATE environment SET version = greatest(version + 1,
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";

/// The webhooks of these environments are not any more as somebody may know them.
async fn new_versions(tx: &Tx, envs: &[i64]) -> Outcome<()> {
    tx.execute(&format!("{NEW_VERSION} WHERE env = ANY($1)"), &[&envs]).await?;
    Ok(())
}

/// A webhook of this environment that is not deleted. Nobody else changes it, or another one of this
/// environment, until the end of the transaction.
pub(crate) async fn find_for_update(
    tx: &Tx,
    shared: &Shared,
    environment: EnvironmentId,
    id: WebhookId,
) -> Outcome<Option<Webhook>> {
    let Some(env) = shared.registry.env(tx, environment).await? else { return Ok(None) };
    lock_environments(tx, &[env]).await?;
    // A statement sees what was committed when it began, not what was while it waited for the lock:
    // so the webhook is read by another one.
    let sql = "SELECT FROM webhook WHERE id = $1 FOR NO KEY UPDATE";
    tx.query_opt(sql, &[&&id.as_bytes()[..]]).await?;
    find(tx, &shared.registry, environment, id).await
}

/// Writes a changed webhook, which was found for update in this transaction. The other nodes are to be
/// told after its commit.
pub(crate) async fn save(tx: &Tx, lease: i64, webhook: &Webhook) -> Outcome<()> {
    let sql = format!(
        "WITH changed AS (
             UPDATE webhook
             SET description = $2, url = $3, enabled = $4, events = $5, secret = $6,
                 disabled_reason = $7, disabled_at = $8, updated_at = $9,
                 previous_secret = $10, rotation_until = $11, rotation_switched = $12,
                 changed_at = clock_timestamp(), changed_by = $13
             WHERE id = $1 RETURNING env)
         {NEW_VERSION} WHERE env IN (SELECT env FROM changed)"
    );
    tx.execute(&sql, &Columns::of(webhook, lease)?.values()).await?;
    Ok(())
}

/// What can change of a webhook, as it is kept.
struct Columns<'a> {
    id: &'a [u8],
    description: Option<Cow<'a, str>>,
    url: Cow<'a, str>,
    enabled: bool,
    events: String,
    secret: &'a [u8],
    disabled_reason: Option<Cow<'a, str>>,
    disabled_at: Option<i64>,
    updated_at: i64,
    previous_secret: Option<&'a [u8]>,
    rotation_until: Option<i64>,
    rotation_switched: Option<bool>,
    changed_by: i64,
}

impl<'a> Columns<'a> {
    fn of(webhook: &'a Webhook, changed_by: i64) -> Outcome<Self> {
        let disabled = webhook.disabled.as_ref();
        let rotation = webhook.rotation.as_ref();
        Ok(Self {
            id: webhook.id.as_bytes(),
            description: webhook.description.as_deref().map(text),
            url: text(&webhook.url),
            enabled: webhook.enabled,
            events: encode_events(&webhook.events)?,
            secret: &webhook.secret.0,
            disabled_reason: disabled.map(|disabled| text(&disabled.reason)),
            disabled_at: disabled.map(|disabled| disabled.at.millis()),
            updated_at: webhook.updated_at.millis(),
            previous_secret: rotation.map(|rotation| &rotation.previous.0[..]),
            rotation_until: rotation.map(|rotation| rotation.until.millis()),
            rotation_switched: rotation.map(|rotation| rotation.switched),
            changed_by,
        })
    }

    /// In the order of the fields: `$1` to `$13`.
    fn values(&self) -> [Value<'_>; 13] {
        [
            &self.id,
            &self.description,
            &self.url,
            &self.enabled,
            &self.events,
            &self.secret,
            &self.disabled_reason,
            &self.disabled_at,
            &self.updated_at,
            &self.previous_secret,
            &self.rotation_until,
            &self.rotation_switched,
            &self.changed_by,
        ]
    }
}

/// Forgets the previous secrets of up to `limit` webhooks whose rotation is over, and tells the other
/// nodes; how many.
pub(crate) async fn end_rotations(
    store: &PostgresStore,
    now: Timestamp,
    limit: usize,
) -> Result<usize> {
    let ended = store
        .write(store.shared.clone(), move |tx, shared| async move {
            forget_previous_secrets(&tx, shared.node.lease(), now, limit).await
        })
        .await?;
    for id in &ended {
        store.tell_changed(*id);
    }
    Ok(ended.len())
}

async fn forget_previous_secrets(
    tx: &Tx,
    lease: i64,
    now: Timestamp,
    limit: usize,
) -> Outcome<Vec<WebhookId>> {
    let sql = "SELECT num, env FROM webhook WHERE rotation_until <= $1
               ORDER BY rotation_until LIMIT $2";
    let over = tx.query(sql, &[&now.millis(), &at_most(limit)]).await?;
    let column =
        |name| over.iter().map(|row| Ok(row.try_get(name)?)).collect::<Outcome<Vec<i64>>>();
    let (numbers, envs) = (column("num")?, column("env")?);
    lock_environments(tx, &envs).await?;
    // Another rotation may have begun before they were locked.
    let sql = "UPDATE webhook
               SET previous_secret = NULL, rotation_until = NULL, rotation_switched = NULL,
                   changed_at = clock_timestamp(), changed_by = $3
               WHERE num = ANY($1) AND rotation_until <= $2 RETURNING id";
    let ended = tx.query(sql, &[&numbers, &now.millis(), &lease]).await?;
    new_versions(tx, &envs).await?;
    ended.iter().map(|row| Ok(WebhookId(object_id(row, "id")?))).collect()
}

/// A webhook of this environment that is not deleted.
pub(crate) async fn find(
    tx: &Tx,
    registry: &Registry,
    environment: EnvironmentId,
    id: WebhookId,
) -> Outcome<Option<Webhook>> {
    let Some(env) = registry.env(tx, environment).await? else { return Ok(None) };
    let sql = shown_where("w.id = $1 AND w.env = $2 AND w.deleted_at IS NULL");
    let found = tx.query_opt(&sql, &[&&id.as_bytes()[..], &env]).await?;
    found.map(|row| shown(&row, environment.account)).transpose()
}

/// An environment has at most some dozens, so they are filtered here, not in SQL.
async fn every(tx: &Tx, registry: &Registry, environment: EnvironmentId) -> Outcome<Vec<Webhook>> {
    let Some(env) = registry.env(tx, environment).await? else { return Ok(Vec::new()) };
    let sql = shown_where("w.env = $1 AND w.deleted_at IS NULL ORDER BY w.id DESC");
    let rows = tx.query(&sql, &[&env]).await?;
    rows.iter().map(|row| shown(row, environment.account)).collect()
}

fn matches(filter: &WebhookFilter, webhook: &Webhook) -> bool {
    let listed = |event: &String| webhook.events.names().contains(event);
    filter.enabled.is_none_or(|enabled| enabled == webhook.enabled)
        && filter.url.as_ref().is_none_or(|url| *url == webhook.url)
        && filter.event.as_ref().is_none_or(listed)
        && filter.created.contains(webhook.created_at)
        && filter.updated.contains(webhook.updated_at)
}
