//! Jobs that make due again what a webhook missed. A job goes through the index of unusual
//! deliveries by the event's number, and its row says how far it has come. Nodes take turns at it:
//! each step locks the row.

use std::collections::BTreeSet;

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{AccountId, RecoveryId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    Listed, Missed, Page, Recoveries, Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus,
    RecoveryStep, Result, Signal,
};
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{code, count, delivery_state, environment, limit as at_most, object_id, signed, time},
    conditions::Conditions,
    failure::{Failed, Outcome},
    node::Work,
    tally::Tallies,
    transaction::{Tx, Value},
};

#[async_trait]
impl Recoveries for PostgresStore {
    async fn count_missed(&self, missed: Missed) -> Result<u64> {
        self.read((self.shared.clone(), missed), |tx, given| async move {
            count_missed(&tx, &given.0, &given.1).await
        })
        .await
    }

    async fn create_recovery(&self, recovery: Recovery) -> Result<RecoveryCreated> {
        let created = self
            .write((self.shared.clone(), recovery), |tx, given| async move {
                create(&tx, &given.0, &given.1).await
            })
            .await?;
        if created == RecoveryCreated::Created {
            self.shared.signals.tell(Signal::RecoveryMade);
        }
        Ok(created)
    }

    async fn recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Option<Recovery>> {
        self.look_up((environment, id), |tx, given| async move {
            let (environment, id) = *given;
            let found = job(&tx, id).await?.map(|job| job.recovery);
            Ok(found.filter(|recovery| recovery.missed.environment == environment))
        })
        .await
    }

    async fn list_recoveries(
        &self,
        environment: EnvironmentId,
        filter: RecoveryFilter,
        page: Page,
    ) -> Result<Listed<Recovery>> {
        self.read((self.shared.clone(), environment, filter), move |tx, given| async move {
            let (shared, environment, filter) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else {
                return Ok(Listed::empty());
            };
            list(&tx, env, *filter, page).await
        })
        .await
    }

    async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
        at: Timestamp,
    ) -> Result<Option<Recovery>> {
        self.write((environment, id, at), |tx, given| async move {
            let (environment, id, at) = *given;
            cancel(&tx, environment, id, at).await
        })
        .await
    }

    async fn running_recoveries(&self, limit: usize) -> Result<Vec<Recovery>> {
        self.look_up(limit, |tx, limit| async move {
            let sql = format!("{JOBS} WHERE r.status = 0 ORDER BY r.num LIMIT $1");
            let rows = tx.query(&sql, &[&at_most(*limit)]).await?;
            rows.iter().map(|row| Ok(read(row)?.recovery)).collect()
        })
        .await
    }

    async fn recover_some(
        &self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Option<RecoveryStep>> {
        let step = self
            .write((self.shared.clone(), id, at, limit), |tx, given| async move {
                let (shared, id, at, limit) = &*given;
                recover_some(&tx, shared, *id, *at, *limit).await
            })
            .await?;
        if let Some(step) = step.as_ref().filter(|step| step.moved > 0) {
            self.shared.signals.tell(Signal::Due(step.recovery.missed.webhook));
        }
        Ok(step)
    }

    async fn expire_recoveries(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write((before, limit), |tx, given| async move {
            let sql = "DELETE FROM recovery WHERE num = ANY (ARRAY(
                           SELECT num FROM recovery WHERE status > 0 AND updated_at < $1
                           ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
            let removed = tx.execute(sql, &[&given.0.millis(), &at_most(given.1)]).await?;
            Ok(usize::try_from(removed).unwrap_or(usize::MAX))
        })
        .await
    }
}

/// A job with what only the store knows of it.
struct Job {
    recovery: Recovery,
    webhook: i64,
    webhook_deleted: bool,
    env: i64,
    looked_at: i64,
    last: i64,
}

const JOBS: &str = "
    SELECT r.id, r.env, r.webhook, r.since, r.states, r.status, r.total, r.recovered, r.looked_at,
        r.last, r.created_at, r.updated_at, w.id AS webhook_id, w.deleted_at IS NOT NULL AS webhook_deleted, a.id AS account
    FROM recovery AS r JOIN webhook AS w ON w.num = r.webhook JOIN account AS a ON a.num = r.env / 2";

async fn job(tx: &Tx, id: RecoveryId) -> Outcome<Option<Job>> {
    let sql = format!("{JOBS} WHERE r.id = $1");
    tx.query_opt(&sql, &[&&id.as_bytes()[..]]).await?.as_ref().map(read).transpose()
}

async fn count_missed(tx: &Tx, shared: &Shared, missed: &Missed) -> Outcome<u64> {
    let Some((env, webhook)) = numbers(tx, shared, missed).await? else { return Ok(0) };
    let sql = "SELECT count(*) AS total FROM delivery
               WHERE env = $1 AND webhook = $2 AND unusual = ANY ($3) AND unusual IS NOT NULL
                   AND created_at >= $4";
    let states = codes(&missed.states);
    let row = tx.query_one(sql, &[&env, &webhook, &states, &missed.since.millis()]).await?;
    count(&row, "total")
}

/// The environment's and the webhook's number, if it is there.
async fn numbers(tx: &Tx, shared: &Shared, missed: &Missed) -> Outcome<Option<(i64, i64)>> {
    let Some(env) = shared.registry.env(tx, missed.environment).await? else { return Ok(None) };
    let sql = "SELECT num FROM webhook WHERE id = $1 AND env = $2 AND deleted_at IS NULL";
    let found = tx.query_opt(sql, &[&&missed.webhook.as_bytes()[..], &env]).await?;
    found.map(|row| Ok((env, row.try_get("num")?))).transpose()
}

async fn create(tx: &Tx, shared: &Shared, recovery: &Recovery) -> Outcome<RecoveryCreated> {
    let missed = &recovery.missed;
    let Some((env, webhook)) = numbers(tx, shared, missed).await? else {
        return Ok(RecoveryCreated::UnknownWebhook);
    };
    // Who makes another one at the same time is waited for.
    let sql = "INSERT INTO recovery
                   (id, env, webhook, since, states, status, total, recovered, looked_at, last,
                    created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0,
                   (SELECT coalesce(max(seq), 0) FROM event WHERE env = $2), $9, $10)
               ON CONFLICT (webhook) WHERE status = 0 DO NOTHING";
    let values: &[Value<'_>] = &[
        &&recovery.id.as_bytes()[..],
        &env,
        &webhook,
        &missed.since.millis(),
        &encode_states(&missed.states),
        &(recovery.status as i16),
        &signed(recovery.total),
        &signed(recovery.recovered),
        &recovery.created_at.millis(),
        &recovery.updated_at.millis(),
    ];
    Ok(match tx.execute(sql, values).await? {
        0 => RecoveryCreated::AnotherIsRunning,
        _ => RecoveryCreated::Created,
    })
}

async fn list(tx: &Tx, env: i64, filter: RecoveryFilter, page: Page) -> Outcome<Listed<Recovery>> {
    let mut conditions = Conditions::default();
    conditions.add("r.env = ?", env);
    if let Some(webhook) = filter.webhook {
        let id = webhook.as_bytes().to_vec();
        conditions.add("r.webhook = (SELECT num FROM webhook WHERE id = ?)", id);
    }
    if let Some(status) = filter.status {
        conditions.add("r.status = ?", status as i16);
    }
    let sql = format!("SELECT count(*) AS total FROM recovery AS r{}", conditions.clause());
    let total = count(&tx.query_one(&sql, &conditions.values()).await?, "total")?;
    let sql = format!("{JOBS}{} ORDER BY r.id DESC", conditions.clause());
    let size = conditions.value(i64::from(page.size()));
    let offset = conditions.value(signed(page.offset()));
    let sql = format!("{sql} LIMIT {size} OFFSET {offset}");
    let rows = tx.query(&sql, &conditions.values()).await?;
    let items = rows.iter().map(|row| Ok(read(row)?.recovery)).collect::<Outcome<_>>()?;
    Ok(Listed { items, total })
}

async fn cancel(
    tx: &Tx,
    environment: EnvironmentId,
    id: RecoveryId,
    at: Timestamp,
) -> Outcome<Option<Recovery>> {
    let found = locked(tx, id).await?;
    let Some(mut job) = found.filter(|job| job.recovery.missed.environment == environment) else {
        return Ok(None);
    };
    if job.recovery.status == RecoveryStatus::Running {
        job.recovery.status = RecoveryStatus::Cancelled;
        job.recovery.updated_at = at;
        save(tx, &job).await?;
    }
    Ok(Some(job.recovery))
}

/// A job that nobody else goes on with, or cancels, until the end of the transaction.
async fn locked(tx: &Tx, id: RecoveryId) -> Outcome<Option<Job>> {
    // Read by another statement: one alone would see its webhook as it was before it waited.
    let sql = "SELECT FROM recovery WHERE id = $1 FOR UPDATE";
    tx.query_opt(sql, &[&&id.as_bytes()[..]]).await?;
    job(tx, id).await
}

async fn recover_some(
    tx: &Tx,
    shared: &Shared,
    id: RecoveryId,
    at: Timestamp,
    limit: usize,
) -> Outcome<Option<RecoveryStep>> {
    let Some(mut job) = locked(tx, id).await? else { return Ok(None) };
    let mut moved = 0;
    if job.recovery.status == RecoveryStatus::Running {
        if job.webhook_deleted {
            job.recovery.status = RecoveryStatus::Cancelled;
        } else {
            moved = step(tx, shared, &mut job, (at, limit)).await?;
        }
        if moved > 0 || job.recovery.status != RecoveryStatus::Running {
            job.recovery.updated_at = at;
        }
        save(tx, &job).await?;
    }
    Ok(Some(RecoveryStep { recovery: job.recovery, moved }))
}

async fn step(
    tx: &Tx,
    shared: &Shared,
    job: &mut Job,
    (at, limit): (Timestamp, usize),
) -> Outcome<u64> {
    let next = next(tx, job, limit).await?;
    let since = job.recovery.missed.since.millis();
    let missed = next.iter().filter(|(_, made)| *made >= since);
    let missed: Vec<i64> = missed.map(|(sequence, _)| *sequence).collect();
    let moved = begin_anew(tx, shared, job, (&missed, at)).await?;
    if next.len() < limit {
        job.recovery.status = RecoveryStatus::Done;
    }
    job.looked_at = next.last().map_or(job.looked_at, |(sequence, _)| *sequence);
    job.recovery.recovered += moved;
    job.recovery.total = job.recovery.total.max(job.recovery.recovered);
    Ok(moved)
}

/// A delivery that a job looks at: its event's number, and when it was made.
type LookedAt = (i64, i64);

/// The next deliveries in the states of the job, in the order of their events.
async fn next(tx: &Tx, job: &Job, limit: usize) -> Outcome<Vec<LookedAt>> {
    let sql = "SELECT seq, created_at FROM delivery
               WHERE env = $1 AND webhook = $2 AND unusual = $3 AND seq > $4 AND seq <= $5
               ORDER BY seq LIMIT $6";
    let mut next = Vec::new();
    for state in codes(&job.recovery.missed.states) {
        let values: &[Value<'_>] =
            &[&job.env, &job.webhook, &state, &job.looked_at, &job.last, &at_most(limit)];
        for row in tx.query(sql, values).await? {
            next.push((row.try_get("seq")?, row.try_get("created_at")?));
        }
    }
    next.sort_unstable();
    next.truncate(limit);
    Ok(next)
}

/// Makes those deliveries due at `at`, with a fresh schedule, that are in the job's states still: what
/// was delivered on request, forgotten or cancelled meanwhile stays so. Answers how many.
async fn begin_anew(
    tx: &Tx,
    shared: &Shared,
    job: &Job,
    (sequences, at): (&[i64], Timestamp),
) -> Outcome<u64> {
    // Locked one after the other, as everybody does, and what each was is known then.
    let sql = "SELECT seq, state FROM delivery
               WHERE env = $1 AND webhook = $2 AND seq = ANY ($3) AND state = ANY ($4)
               ORDER BY seq FOR UPDATE";
    let states = codes(&job.recovery.missed.states);
    let missed = tx.query(sql, &[&job.env, &job.webhook, &sequences, &states]).await?;
    let mut tallies = Tallies::default();
    let mut left = Vec::with_capacity(missed.len());
    for row in &missed {
        let from = delivery_state(row, "state")?;
        left.push(row.try_get::<_, i64>("seq")?);
        tallies.moved((job.env, job.webhook), from, DeliveryState::Pending);
    }
    let sql = "UPDATE delivery SET state = 0, due_at = $4, claimed_by = NULL, restarted = attempts,
                   updated_at = $4
               WHERE env = $1 AND webhook = $2 AND seq = ANY ($3)";
    let moved = tx.execute(sql, &[&job.env, &job.webhook, &left, &at.millis()]).await?;
    tallies.write(tx, shared.node.slot(Work::Other)).await?;
    Ok(moved)
}

async fn save(tx: &Tx, job: &Job) -> Outcome<()> {
    let sql = "UPDATE recovery SET status = $2, total = $3, recovered = $4, looked_at = $5,
                   updated_at = $6 WHERE id = $1";
    let recovery = &job.recovery;
    let values: &[Value<'_>] = &[
        &&recovery.id.as_bytes()[..],
        &(recovery.status as i16),
        &signed(recovery.total),
        &signed(recovery.recovered),
        &job.looked_at,
        &recovery.updated_at.millis(),
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

fn read(row: &Row) -> Outcome<Job> {
    let env = row.try_get("env")?;
    let code = code(row, "status")?;
    let status = RecoveryStatus::from_code(code)
        .ok_or_else(|| Failed::corrupt(format!("status {code} of a recovery")))?;
    let missed = Missed {
        environment: environment(AccountId(object_id(row, "account")?), env),
        webhook: WebhookId(object_id(row, "webhook_id")?),
        since: time(row, "since")?,
        states: decode_states(row.try_get("states")?),
    };
    Ok(Job {
        recovery: Recovery {
            id: RecoveryId(object_id(row, "id")?),
            missed,
            status,
            total: count(row, "total")?,
            recovered: count(row, "recovered")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        },
        webhook: row.try_get("webhook")?,
        webhook_deleted: row.try_get("webhook_deleted")?,
        env,
        looked_at: row.try_get("looked_at")?,
        last: row.try_get("last")?,
    })
}

fn codes(states: &BTreeSet<DeliveryState>) -> Vec<i16> {
    states.iter().map(|state| *state as i16).collect()
}

/// A bit for each state.
fn encode_states(states: &BTreeSet<DeliveryState>) -> i16 {
    states.iter().fold(0, |bits, state| bits | 1 << *state as i16)
}

fn decode_states(bits: i16) -> BTreeSet<DeliveryState> {
    DeliveryState::ALL.into_iter().filter(|state| bits & (1 << *state as i16) != 0).collect()
}
