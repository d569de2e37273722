//! What a node knows by heart: numbers, which never change, and environments with their webhooks,
//! each as of a version that is asked for before it is used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use herald_domain::{
    account::EnvironmentId,
    id::{AccountId, WebhookId},
    rotation::Rotation,
    time::Timestamp,
    webhook::{Disabled, SealedSecret, Subscription, Webhook},
};
use herald_store::{Destination, StoreError};
use tokio_postgres::Row;

use crate::{
    codec::{env_number, environment, maybe_time, object_id, time},
    failure::{Failed, Outcome},
    transaction::Tx,
};

/// Of each kind, how much is known at most; then it is learned anew.
const MOST_KNOWN: usize = 20_000;

/// What a node knows by heart.
#[derive(Default)]
pub(crate) struct Registry(Mutex<Known>);

#[derive(Default)]
struct Known {
    accounts: HashMap<AccountId, i64>,
    webhooks: HashMap<WebhookId, (i64, i64)>,
    environments: HashMap<i64, Arc<Environment>>,
    /// Later than what the environments say, by the webhook's number.
    succeeded: HashMap<i64, Timestamp>,
}

/// An environment and its webhooks.
pub(crate) struct Environment {
    /// Its number.
    pub env: i64,
    /// As of which change.
    pub version: i64,
    /// Those that are not deleted, oldest first.
    pub hooks: Vec<Hook>,
}

/// A webhook with its number.
#[derive(Clone)]
pub(crate) struct Hook {
    /// Its number.
    pub num: i64,
    /// As it was read.
    pub destination: Destination,
}

impl Registry {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of an environment, if its account exists.
    pub(crate) async fn env(&self, tx: &Tx, id: EnvironmentId) -> Outcome<Option<i64>> {
        Ok(self.account(tx, id.account).await?.map(|account| env_number(account, id.mode)))
    }

    /// The number of an account, if it exists.
    pub(crate) async fn account(&self, tx: &Tx, id: AccountId) -> Outcome<Option<i64>> {
        if let Some(known) = self.known().accounts.get(&id) {
            return Ok(Some(*known));
        }
        let sql = "SELECT num FROM account WHERE id = $1";
        let Some(row) = tx.query_opt(sql, &[&&id.as_bytes()[..]]).await? else { return Ok(None) };
        let num = row.try_get("num")?;
        let mut known = self.known();
        bound(&mut known.accounts);
        known.accounts.insert(id, num);
        Ok(Some(num))
    }

    /// The environment's and the webhook's number, deleted or not.
    pub(crate) async fn webhook(&self, tx: &Tx, id: WebhookId) -> Outcome<Option<(i64, i64)>> {
        if let Some(known) = self.known().webhooks.get(&id) {
            return Ok(Some(*known));
        }
        let sql = "SELECT env, num FROM webhook WHERE id = $1";
        let Some(row) = tx.query_opt(sql, &[&&id.as_bytes()[..]]).await? else { return Ok(None) };
        let numbers = (row.try_get("env")?, row.try_get("num")?);
        let mut known = self.known();
        bound(&mut known.webhooks);
        known.webhooks.insert(id, numbers);
        Ok(Some(numbers))
    }

    /// An environment as of this version, which was read in this transaction.
    pub(crate) async fn environment(
        &self,
        tx: &Tx,
        (id, env): (EnvironmentId, i64),
        version: i64,
    ) -> Outcome<Arc<Environment>> {
        let known = self.known().environments.get(&env).cloned();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let hooks = hooks(tx, id.account, env).await?;
        let learned = Arc::new(Environment { env, version, hooks });
        let mut known = self.known();
        bound(&mut known.environments);
        known.environments.insert(env, learned.clone());
        Ok(learned)
    }

    /// Something was delivered to a webhook, and that is committed.
    pub(crate) fn succeeded(&self, webhook: i64, at: Timestamp) {
        let mut known = self.known();
        if known.succeeded.len() >= MOST_KNOWN {
            // Then it is read again from the tallies, with the environments.
            known.succeeded.clear();
            known.environments.clear();
        }
        let latest = known.succeeded.entry(webhook).or_insert(at);
        *latest = at.max(*latest);
    }

    /// A webhook of an environment, with its latest success.
    pub(crate) fn destination(&self, hook: &Hook) -> Destination {
        let succeeded_at = self.known().succeeded.get(&hook.num).copied();
        let mut destination = hook.destination.clone();
        destination.succeeded_at = destination.succeeded_at.max(succeeded_at);
        destination
    }
}

fn bound<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= MOST_KNOWN {
        map.clear();
    }
}

/// When anything was last delivered to the webhook `w`.
pub(crate) const SUCCEEDED_AT: &str =
    "(SELECT max(t.succeeded_at) FROM tally AS t WHERE t.env = w.env AND t.webhook = w.num)";

/// What the dispatcher needs of the webhook `w`. Each column is named, here and elsewhere: a statement
/// that was prepared before a migration added one is good after it.
pub(crate) const HOOK: &str =
    "w.num, w.id, w.env, w.description, w.url, w.enabled, w.events, w.secret,
    w.previous_secret, w.rotation_until, w.rotation_switched, w.disabled_reason, w.disabled_at,
    w.created_at, w.updated_at";

async fn hooks(tx: &Tx, account: AccountId, env: i64) -> Outcome<Vec<Hook>> {
    let sql = format!(
        "SELECT {HOOK}, {SUCCEEDED_AT} AS succeeded_at FROM webhook AS w
         WHERE w.env = $1 AND w.deleted_at IS NULL ORDER BY w.num"
    );
    let rows = tx.query(&sql, &[&env]).await?;
    rows.iter().map(|row| hook(row, account)).collect()
}

/// A webhook from its row, with its number.
pub(crate) fn hook(row: &Row, account: AccountId) -> Outcome<Hook> {
    Ok(Hook {
        num: row.try_get("num")?,
        destination: Destination {
            webhook: Arc::new(webhook(row, account)?),
            succeeded_at: maybe_time(row, "succeeded_at")?,
        },
    })
}

/// A webhook from its row, as the dispatcher needs it.
pub(crate) fn webhook(row: &Row, account: AccountId) -> Outcome<Webhook> {
    let events: &str = row.try_get("events")?;
    let events = serde_json::from_str(events)
        .map_err(|error| Failed::corrupt(format!("the events of a webhook: {error}")))?;
    let reason: Option<String> = row.try_get("disabled_reason")?;
    let disabled_at = maybe_time(row, "disabled_at")?;
    Ok(Webhook {
        id: WebhookId(object_id(row, "id")?),
        environment: environment(account, row.try_get("env")?),
        description: row.try_get("description")?,
        url: row.try_get("url")?,
        enabled: row.try_get("enabled")?,
        events: Subscription::from_stored(events),
        secret: SealedSecret(row.try_get("secret")?),
        rotation: rotation(row)?,
        disabled: reason.zip(disabled_at).map(|(reason, at)| Disabled { reason, at }),
        failing: None,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn rotation(row: &Row) -> Outcome<Option<Rotation>> {
    let Some(previous) = row.try_get("previous_secret")? else { return Ok(None) };
    Ok(Some(Rotation {
        previous: SealedSecret(previous),
        until: time(row, "rotation_until")?,
        switched: row.try_get("rotation_switched")?,
    }))
}

/// The stored form of a subscription.
pub(crate) fn encode_events(subscription: &Subscription) -> Outcome<String> {
    serde_json::to_string(subscription.names())
        .map_err(|error| StoreError::Internal(error.to_string()).into())
}
