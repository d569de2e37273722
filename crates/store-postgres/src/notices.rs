//! What the operator is to be told of webhooks, and that a webhook is close to being disabled.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use async_trait::async_trait;
use herald_domain::{
    attempt::ErrorClass,
    id::{AccountId, DeliveryId, EventId, WebhookId},
    notice::{Happened, Notice, Warning},
    time::Timestamp,
    webhook::Webhook,
};
use herald_store::{NoticeTaken, Notices, Record, Recorded, Result, Settlement, StoreError};
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{
        environment, int, limit as at_most, maybe_code, maybe_time, object_id, small, text, time,
    },
    failure::Outcome,
    recording::{claims, numbered, record_all},
    registry::SUCCEEDED_AT,
    settling::DeliveryRow,
    shown::holds,
    tally::{Tallies, WebhookKey},
    transaction::{Tx, Value, in_a_task},
    webhooks::lock_environments,
};

#[async_trait]
impl Notices for PostgresStore {
    async fn waiting_notices(&self, limit: usize) -> Result<Vec<Notice>> {
        self.look_up(limit, |tx, limit| async move {
            let sql =
                "SELECT n.id, n.env, n.webhook, n.url, n.description, n.delivery, n.event, n.type,
                           n.attempts, n.last_status, n.last_error, n.at, n.attempts_left,
                           n.last_attempt_at, n.reason, a.id AS account
                       FROM notice AS n JOIN account AS a ON a.num = n.env / 2
                       ORDER BY n.num LIMIT $1";
            let rows = tx.query(sql, &[&at_most(*limit)]).await?;
            rows.iter().map(notice).collect()
        })
        .await
    }

    async fn take_notice(&self, id: EventId, record: Option<Record>) -> Result<NoticeTaken> {
        let shared = self.shared.clone();
        let records: Arc<[Record]> = record.into_iter().collect();
        in_a_task(async move {
            let claimed = |taken: &NoticeTaken| match taken {
                NoticeTaken::Recorded(recorded) => claims(recorded),
                _ => Vec::new(),
            };
            numbered(&shared, claimed, |tx| {
                let (shared, records) = (shared.clone(), records.clone());
                async move { take(&tx, &shared, id, &records).await }
            })
            .await
        })
        .await
    }
}

/// Takes a notice, and records what is given, if anything; `None` if this node's lease is gone.
async fn take(
    tx: &Tx,
    shared: &Arc<Shared>,
    id: EventId,
    records: &[Record],
) -> Outcome<Option<NoticeTaken>> {
    let id = &id.as_bytes()[..];
    // Who else would take it waits, and then it is gone.
    let sql = "SELECT FROM notice WHERE id = $1 FOR UPDATE";
    if tx.query_opt(sql, &[&id]).await?.is_none() {
        return Ok(Some(NoticeTaken::Gone));
    }
    let taken = if records.is_empty() {
        NoticeTaken::Dropped
    } else {
        let Some(recorded) = record_all(tx, shared, records).await? else { return Ok(None) };
        match recorded.into_iter().next() {
            Some(recorded @ Recorded::Accepted { .. }) => NoticeTaken::Recorded(recorded),
            Some(refused) => return Ok(Some(NoticeTaken::Refused(refused))),
            None => {
                return Err(StoreError::Internal("a record without an answer".to_owned()).into());
            }
        }
    };
    tx.execute("DELETE FROM notice WHERE id = $1", &[&id]).await?;
    Ok(Some(taken))
}

/// The webhooks of which was warned in a transaction, as they are now. A receiver that is down fails
/// very many deliveries at once: its webhook is read and locked once for all of them.
#[derive(Default)]
pub(crate) struct Warnings(HashMap<WebhookKey, Option<Warned>>);

impl Warnings {
    /// Something happened to the webhook that is no warning: it is read again.
    pub(crate) fn forget(&mut self, of: WebhookKey) {
        self.0.remove(&of);
    }
}

/// Notes that a webhook is close to being disabled. Answers whether nobody was told lately.
pub(crate) async fn warn(
    tx: &Tx,
    shared: &Shared,
    (warnings, tallies): (&mut Warnings, &Tallies),
    row: DeliveryRow,
    (settlement, warning): (&Settlement, &Warning),
) -> Outcome<bool> {
    let (env, sequence, webhook) = row;
    let known = match warnings.0.entry((env, webhook)) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(warned(tx, tallies, (env, webhook)).await?),
    };
    let Some(warned) = known else { return Ok(false) };
    let at = settlement.attempt.ended_at();
    let comes_first = |failing: &Fails| {
        failing.sequence == sequence || warning.last_attempt_at < failing.last_attempt_at
    };
    if warned.failing.as_ref().is_none_or(comes_first) {
        let since = warned.failing.as_ref().map_or(at, |failing| failing.since);
        note_failing(tx, row, since, (settlement, warning)).await?;
        let is_spared =
            warned.succeeded_at.zip(warning.spared_from).is_some_and(|(at, from)| at >= from);
        let last_attempt_at = warning.last_attempt_at;
        warned.failing = (!is_spared).then_some(Fails { sequence, since, last_attempt_at });
    }
    if warned.told_at.is_some_and(|told| warning.is_quiet(told, at)) {
        return Ok(false);
    }
    warned.told_at = Some(at);
    let sql = "UPDATE webhook SET warned_at = $2 WHERE num = $1";
    tx.execute(sql, &[&webhook, &at.millis()]).await?;
    if settlement.notices {
        let what = Happened::Failing {
            attempts_left: warning.attempts_left,
            last_attempt_at: warning.last_attempt_at,
        };
        let shown = (&*warned.url, warned.description.as_deref());
        note(tx, shared, row, (settlement, shown), &what).await?;
    }
    Ok(true)
}

/// Has the operator told of a webhook that was disabled, if so it was decided.
pub(crate) async fn note_disabled(
    tx: &Tx,
    shared: &Shared,
    row: DeliveryRow,
    settlement: &Settlement,
    webhook: &Webhook,
) -> Outcome<()> {
    let Some(disabled) = webhook.disabled.as_ref().filter(|_| settlement.notices) else {
        return Ok(());
    };
    let what = Happened::Disabled { reason: disabled.reason.clone() };
    let shown = (&*webhook.url, webhook.description.as_deref());
    note(tx, shared, row, (settlement, shown), &what).await
}

/// A webhook of which it is warned, and what was said before.
struct Warned {
    url: String,
    description: Option<String>,
    told_at: Option<Timestamp>,
    succeeded_at: Option<Timestamp>,
    /// Only if it still fails.
    failing: Option<Fails>,
}

/// What makes a webhook fail.
struct Fails {
    sequence: i64,
    since: Timestamp,
    last_attempt_at: Timestamp,
}

/// The webhook, if it is enabled. Until the end of the transaction nobody else changes it, or warns
/// of it. Its environment is locked before it, as by everybody who locks a webhook.
async fn warned(tx: &Tx, tallies: &Tallies, of: WebhookKey) -> Outcome<Option<Warned>> {
    let (env, webhook) = of;
    lock_environments(tx, &[env]).await?;
    // Two statements: one alone would wait for the lock, and then judge by what it saw before.
    let sql = "SELECT FROM webhook WHERE num = $1 FOR NO KEY UPDATE";
    tx.query_opt(sql, &[&webhook]).await?;
    let succeeded_at = format!("greatest({SUCCEEDED_AT}, $3)");
    let still = holds(&succeeded_at);
    let sql = format!(
        "SELECT w.url, w.description, w.warned_at, w.failing_seq, w.failing_since,
             w.failing_last_at, {succeeded_at} AS succeeded_at, {still} AS still
         FROM webhook AS w
         LEFT JOIN delivery AS d ON d.env = w.env AND d.seq = w.failing_seq AND d.webhook = w.num
         WHERE w.num = $2 AND w.env = $1 AND w.enabled AND w.deleted_at IS NULL"
    );
    let succeeded_at = tallies.succeeded_at(of).map(Timestamp::millis);
    let found = tx.query_opt(&sql, &[&env, &webhook, &succeeded_at]).await?;
    let Some(row) = found else { return Ok(None) };
    let still: Option<bool> = row.try_get("still")?;
    Ok(Some(Warned {
        url: row.try_get("url")?,
        description: row.try_get("description")?,
        told_at: maybe_time(&row, "warned_at")?,
        succeeded_at: maybe_time(&row, "succeeded_at")?,
        failing: (still == Some(true)).then(|| fails(&row)).transpose()?,
    }))
}

fn fails(row: &Row) -> Outcome<Fails> {
    Ok(Fails {
        sequence: row.try_get("failing_seq")?,
        since: time(row, "failing_since")?,
        last_attempt_at: time(row, "failing_last_at")?,
    })
}

/// From now on, this delivery is what makes its webhook fail.
async fn note_failing(
    tx: &Tx,
    (_, sequence, webhook): DeliveryRow,
    since: Timestamp,
    (settlement, warning): (&Settlement, &Warning),
) -> Outcome<()> {
    let sql = "UPDATE webhook SET failing_seq = $2, failing_since = $3, failing_attempts = $4,
                   failing_left = $5, failing_last_at = $6, failing_spared_from = $7
               WHERE num = $1";
    let values: &[Value<'_>] = &[
        &webhook,
        &sequence,
        &since.millis(),
        &int(settlement.number),
        &int(warning.attempts_left),
        &warning.last_attempt_at.millis(),
        &warning.spared_from.map(Timestamp::millis),
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Makes a notice of what happened to a webhook, with its URL and description.
async fn note(
    tx: &Tx,
    shared: &Shared,
    (env, sequence, webhook): DeliveryRow,
    (settlement, (url, description)): (&Settlement, (&str, Option<&str>)),
    what: &Happened,
) -> Outcome<()> {
    let sql = "INSERT INTO notice
                   (id, env, webhook, url, description, delivery, event, type, attempts,
                    last_status, last_error, at, attempts_left, last_attempt_at, reason)
               SELECT $4, d.env, $5, $6, $7, d.id, e.id, d.type, d.attempts,
                   d.last_status, d.last_error, $8, $9, $10, $11
               FROM delivery AS d JOIN event AS e ON e.env = d.env AND e.seq = d.seq
               WHERE d.env = $1 AND d.seq = $2 AND d.webhook = $3";
    let at = settlement.attempt.ended_at();
    let id = EventId(shared.ids.next(at));
    let (left, last_at, reason) = match what {
        Happened::Failing { attempts_left, last_attempt_at } => {
            (Some(int(*attempts_left)), Some(last_attempt_at.millis()), None)
        }
        Happened::Disabled { reason } => (None, None, Some(text(reason))),
    };
    let values: &[Value<'_>] = &[
        &env,
        &sequence,
        &webhook,
        &&id.as_bytes()[..],
        &&settlement.key.webhook.as_bytes()[..],
        &url,
        &description,
        &at.millis(),
        &left,
        &last_at,
        &reason,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

fn notice(row: &Row) -> Outcome<Notice> {
    let reason: Option<String> = row.try_get("reason")?;
    Ok(Notice {
        id: EventId(object_id(row, "id")?),
        what: match reason {
            Some(reason) => Happened::Disabled { reason },
            None => Happened::Failing {
                attempts_left: small(row, "attempts_left")?,
                last_attempt_at: time(row, "last_attempt_at")?,
            },
        },
        at: time(row, "at")?,
        environment: environment(AccountId(object_id(row, "account")?), row.try_get("env")?),
        webhook: WebhookId(object_id(row, "webhook")?),
        url: row.try_get("url")?,
        description: row.try_get("description")?,
        delivery: DeliveryId(object_id(row, "delivery")?),
        event: EventId(object_id(row, "event")?),
        event_type: row.try_get("type")?,
        attempts: small(row, "attempts")?,
        last_status: maybe_code(row, "last_status")?,
        last_error: maybe_code::<u8>(row, "last_error")?.and_then(ErrorClass::from_code),
    })
}
