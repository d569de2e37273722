//! Claiming what is due, and giving it back.
//!
//! A claim is the lease's number in the row. It is good for as long as that lease is: one whose node
//! is gone keeps nobody out.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure},
    id::{AccountId, DeliveryId, EventId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    After, Claim, Claimed, DeliveryKey, Due, Lease, ManualAttempt, Queue, Result, Settled,
    Settlement, Signal, StoreError,
};
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{self, count, maybe_time, object_id, small, time},
    failure::Outcome,
    manual,
    node::Work,
    registry::{HOOK, Hook, SUCCEEDED_AT, hook},
    settling,
    tally::Tallies,
    transaction::{
        Ended, Mark, Tx, fate_in_the_end, in_a_task, transact, transact_marked, unknown_outcome,
    },
};

/// A transaction costs the server, which all nodes share, as much as settling some dozen deliveries.
const GATHERING: Duration = Duration::from_millis(20);

/// How long until it is tried again to give something back.
const REST: Duration = Duration::from_secs(1);

#[async_trait]
impl Queue for PostgresStore {
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        let shared = self.shared.clone();
        // Nothing of it might be attempted, and it would keep nobody out.
        if !shared.node.holds(shared.node.lease()) {
            let what = "the lease of this node has ended, and is not renewed yet";
            return Err(StoreError::Unavailable(what.to_owned()));
        }
        in_a_task(async move {
            let work = |tx: Tx| {
                let shared = shared.clone();
                async move { claim(&tx, &shared, webhook, now, limit).await }
            };
            match transact_marked(&shared, work).await {
                Ended::Known(claim) => claim,
                Ended::Unknown(claim, mark) => {
                    let doubtful = claim.deliveries.iter().map(|one| one.key).collect();
                    let shared = shared.clone();
                    tokio::spawn(async move { give_back(&shared, mark, doubtful).await });
                    Err(unknown_outcome())
                }
            }
        })
        .await
    }

    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let webhooks: std::collections::HashSet<WebhookId> =
            keys.iter().map(|key| key.webhook).collect();
        self.write((self.shared.clone(), keys), |tx, given| async move {
            release(&tx, &given.0, &given.1).await
        })
        .await?;
        for webhook in webhooks {
            self.shared.signals.tell(Signal::Due(webhook));
        }
        Ok(())
    }

    fn gathers(&self) -> Duration {
        GATHERING
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Settled> {
        settling::settle(self, settlements).await
    }

    async fn settle_manual(&self, manual: ManualAttempt) -> Result<Option<u32>> {
        manual::settle(self, manual).await
    }

    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        self.look_up((after, limit), |tx, given| async move { due(&tx, given.0, given.1).await })
            .await
    }
}

/// That nobody holds the delivery `d`.
macro_rules! unclaimed {
    () => {
        "(d.claimed_by IS NULL OR d.claimed_by <> ALL (ARRAY(SELECT lease FROM node)))"
    };
}

/// The oldest due first; the event is read for its bytes, the present schedule's first attempt for
/// its time. What another transaction is busy with is passed over.
const CLAIM: &str = concat!(
    "WITH due AS (
         SELECT d.seq FROM delivery AS d
         WHERE d.env = $1 AND d.webhook = $2 AND d.due_at IS NOT NULL AND d.due_at <= $3 AND ",
    unclaimed!(),
    "        AND EXISTS (SELECT 1 FROM webhook WHERE num = $2 AND enabled AND deleted_at IS NULL)
         ORDER BY d.due_at, d.seq LIMIT $4 FOR UPDATE SKIP LOCKED),
     claimed AS (
         UPDATE delivery SET claimed_by = $5
         WHERE env = $1 AND webhook = $2 AND seq = ANY (ARRAY(SELECT seq FROM due))
         RETURNING env, seq, webhook, id, due_at, attempts, restarted)
     SELECT c.seq, c.id, c.due_at, c.attempts, c.restarted, e.id AS event, e.body, a.started_at
     FROM claimed AS c
     LEFT JOIN event AS e ON e.env = c.env AND e.seq = c.seq
     LEFT JOIN attempt AS a ON a.env = c.env AND a.seq = c.seq AND a.webhook = c.webhook
         AND a.number = c.restarted + 1
     ORDER BY c.due_at, c.seq"
);

const NEXT_DUE: &str = concat!(
    "SELECT d.due_at FROM delivery AS d
     WHERE d.env = $1 AND d.webhook = $2 AND d.due_at IS NOT NULL AND ",
    unclaimed!(),
    " ORDER BY d.due_at, d.seq LIMIT 1"
);

/// Steps from webhook to webhook through the index of what is due; reads no other delivery.
const DUE: &str = concat!(
    "WITH RECURSIVE queued AS (
         (SELECT env, webhook FROM delivery WHERE due_at IS NOT NULL
          ORDER BY env, webhook LIMIT 1)
         UNION ALL
         SELECT step.env, step.webhook FROM queued AS q CROSS JOIN LATERAL (
             SELECT d.env, d.webhook FROM delivery AS d
             WHERE d.due_at IS NOT NULL AND (d.env, d.webhook) > (q.env, q.webhook)
             ORDER BY d.env, d.webhook LIMIT 1) AS step)
     SELECT w.id, next.due_at
     FROM queued AS q JOIN webhook AS w ON w.num = q.webhook
     CROSS JOIN LATERAL (
         SELECT d.due_at FROM delivery AS d
         WHERE d.env = q.env AND d.webhook = q.webhook AND d.due_at IS NOT NULL AND ",
    unclaimed!(),
    "    ORDER BY d.due_at, d.seq LIMIT 1) AS next
     WHERE w.enabled AND w.deleted_at IS NULL AND ($1::bytea IS NULL OR w.id > $1)
     ORDER BY w.id LIMIT $2"
);

async fn claim(
    tx: &Tx,
    shared: &Arc<Shared>,
    id: WebhookId,
    now: Timestamp,
    limit: usize,
) -> Outcome<Claim> {
    let nothing = |destination| Claim { destination, deliveries: Vec::new(), next_due: None };
    let Some((env, num)) = shared.registry.webhook(tx, id).await? else {
        return Ok(nothing(None));
    };
    let lease = shared.node.lease();
    let (now_millis, limit) = (now.millis(), codec::limit(limit));
    // The webhook is read after the claim, so it is no older than that.
    let hook_sql = hook_sql();
    tx.prepare(&[CLAIM, &hook_sql, NEXT_DUE]).await?;
    let (rows, found, next_due) = tokio::try_join!(
        async { tx.query(CLAIM, &[&env, &num, &now_millis, &limit, &lease]).await },
        async { tx.query_opt(&hook_sql, &[&num]).await },
        async { tx.query_opt(NEXT_DUE, &[&env, &num]).await },
    )?;
    let Some(found) = found else { return Ok(nothing(None)) };
    let hook = hook(&found, AccountId(object_id(&found, "account")?))?;
    if !hook.destination.webhook.enabled {
        release(tx, shared, &keys(&rows, &hook, lease)?).await?;
        return Ok(nothing(Some(hook.destination)));
    }
    let mut deliveries = Vec::with_capacity(rows.len());
    for row in &rows {
        match claimed(row, &hook, lease) {
            Ok(delivery) => deliveries.push(delivery),
            Err(_) => give_up(tx, shared, &hook, (row, now)).await?,
        }
    }
    let next_due = next_due.map(|row| time(&row, "due_at")).transpose()?;
    Ok(Claim { destination: Some(hook.destination), deliveries, next_due })
}

/// A webhook as it is now.
fn hook_sql() -> String {
    format!(
        "SELECT {HOOK}, {SUCCEEDED_AT} AS succeeded_at, a.id AS account
         FROM webhook AS w JOIN account AS a ON a.num = w.env / 2
         WHERE w.num = $1 AND w.deleted_at IS NULL"
    )
}

fn keys(rows: &[Row], hook: &Hook, lease: i64) -> Outcome<Vec<DeliveryKey>> {
    rows.iter().map(|row| key(row, hook, lease)).collect()
}

fn key(row: &Row, hook: &Hook, lease: i64) -> Outcome<DeliveryKey> {
    let webhook = &hook.destination.webhook;
    Ok(DeliveryKey {
        environment: webhook.environment,
        sequence: count(row, "seq")?,
        webhook: webhook.id,
        delivery: DeliveryId(object_id(row, "id")?),
        lease: Lease(lease.cast_unsigned()),
    })
}

fn claimed(row: &Row, hook: &Hook, lease: i64) -> Outcome<Claimed> {
    let body: &[u8] = row.try_get("body")?;
    Ok(Claimed {
        key: key(row, hook, lease)?,
        event: EventId(object_id(row, "event")?),
        body: Bytes::copy_from_slice(body),
        attempts: small(row, "attempts")?,
        restarted: small(row, "restarted")?,
        first_attempt_at: maybe_time(row, "started_at")?,
        due_at: time(row, "due_at")?,
    })
}

/// A row that cannot be read must not stop those behind it: this delivery alone is exhausted, with
/// an attempt that says why.
async fn give_up(
    tx: &Tx,
    shared: &Arc<Shared>,
    hook: &Hook,
    (row, now): (&Row, Timestamp),
) -> Outcome<()> {
    let webhook = &hook.destination.webhook;
    let key = key(row, hook, shared.node.lease())?;
    tracing::error!(webhook = %webhook.id, key.sequence, "a stored delivery cannot be read");
    let failure = Failure {
        class: ErrorClass::Internal,
        detail: "the stored event cannot be read, so it was not sent".to_owned(),
    };
    let settlement = Settlement {
        key,
        number: 1 + small(row, "attempts")?,
        attempt: Attempt {
            started_at: now,
            duration: Duration::ZERO,
            url: webhook.url.clone(),
            address: None,
            signatures: None,
            answer: Answer::Failure(failure),
        },
        after: After::Exhausted { disable: None },
        warning: None,
        notices: false,
    };
    let mut tallies = Tallies::default();
    settling::settle_all(tx, shared, &[settlement], &mut tallies).await?;
    tallies.write(tx, shared.node.slot(Work::Other)).await
}

/// Gives claims back: what was fresh is due since it was made.
async fn release(tx: &Tx, shared: &Shared, keys: &[DeliveryKey]) -> Outcome<()> {
    let (mut envs, mut sequences) = (Vec::new(), Vec::new());
    let (mut webhooks, mut leases) = (Vec::new(), Vec::new());
    let mut ids = Vec::new();
    for key in keys {
        if let Some((env, webhook)) = shared.registry.webhook(tx, key.webhook).await? {
            envs.push(env);
            sequences.push(key.sequence.cast_signed());
            webhooks.push(webhook);
            leases.push(key.lease.0.cast_signed());
            ids.push(&key.delivery.as_bytes()[..]);
        }
    }
    let sql = "UPDATE delivery AS d
               SET claimed_by = NULL, due_at = coalesce(d.due_at, d.created_at)
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
                   AS held (env, seq, webhook, lease, id)
               WHERE d.env = held.env AND d.seq = held.seq AND d.webhook = held.webhook
                   AND d.id = held.id AND d.claimed_by = held.lease AND d.state = 0";
    tx.execute(sql, &[&envs, &sequences, &webhooks, &leases, &ids]).await?;
    Ok(())
}

/// Gives claims back, as soon as the database is there, of a commit that was never answered: if it was
/// done, nobody else could claim them for as long as this node is there. If it was not, somebody may
/// have claimed them since, even this node.
pub(crate) async fn give_back(shared: &Arc<Shared>, mark: Option<Mark>, keys: Vec<DeliveryKey>) {
    if let Some(mark) = mark
        && !fate_in_the_end(&shared.pools.writes, &mark).await
    {
        return;
    }
    loop {
        let released = transact(&shared.pools.writes, |tx| {
            let keys = &keys;
            async move { release(&tx, shared, keys).await }
        });
        match released.await {
            Ended::Known(Ok(())) => return,
            Ended::Known(Err(error)) => {
                tracing::debug!(%error, "what may have been recorded is not given back yet");
            }
            Ended::Unknown(..) => {}
        }
        tokio::time::sleep(REST).await;
    }
}

async fn due(tx: &Tx, after: Option<WebhookId>, limit: usize) -> Outcome<Vec<Due>> {
    let after = after.as_ref().map(|id| &id.as_bytes()[..]);
    let rows = tx.query(DUE, &[&after, &codec::limit(limit)]).await?;
    let read =
        |row: &Row| Ok(Due { webhook: WebhookId(object_id(row, "id")?), at: time(row, "due_at")? });
    rows.iter().map(read).collect()
}
