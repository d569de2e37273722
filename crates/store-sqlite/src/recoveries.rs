//! Jobs that make due again what a webhook missed. A job goes through the index of unusual
//! deliveries by the event's number, and its row says how far it has come.

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
    RecoveryStep, Result, StoreError,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{count, environment, object_id, signed, time},
    conditions::Conditions,
    failure::explain,
    registry::known_env,
    writer::Session,
};

#[async_trait]
impl Recoveries for SqliteStore {
    async fn count_missed(&self, missed: Missed) -> Result<u64> {
        self.readers
            .read(move |connection| count_missed(connection, &missed).map_err(explain))
            .await
    }

    async fn create_recovery(&self, recovery: Recovery) -> Result<RecoveryCreated> {
        self.writer.write(move |session| session.create_recovery(&recovery).map_err(explain)).await
    }

    async fn recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
    ) -> Result<Option<Recovery>> {
        self.readers
            .read(move |connection| {
                let found = job(connection, id).map_err(explain)?.map(|job| job.recovery);
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
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else {
                    return Ok(Listed::empty());
                };
                list(connection, env, filter, page).map_err(explain)
            })
            .await
    }

    async fn cancel_recovery(
        &self,
        environment: EnvironmentId,
        id: RecoveryId,
        at: Timestamp,
    ) -> Result<Option<Recovery>> {
        self.writer
            .write(move |session| {
                let found = job(session.connection, id).map_err(explain)?;
                let Some(mut job) =
                    found.filter(|job| job.recovery.missed.environment == environment)
                else {
                    return Ok(None);
                };
                if job.recovery.status == RecoveryStatus::Running {
                    job.recovery.status = RecoveryStatus::Cancelled;
                    job.recovery.updated_at = at;
                    save(session.connection, &job).map_err(explain)?;
                }
                Ok(Some(job.recovery))
            })
            .await
    }

    async fn running_recoveries(&self, limit: usize) -> Result<Vec<Recovery>> {
        self.readers.read(move |connection| running(connection, limit).map_err(explain)).await
    }

    async fn recover_some(
        &self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> Result<Option<RecoveryStep>> {
        self.writer.write(move |session| session.recover_some(id, at, limit).map_err(explain)).await
    }

    async fn expire_recoveries(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let sql = "DELETE FROM recovery WHERE num IN
                       (SELECT num FROM recovery WHERE status > 0 AND updated_at < ?1 LIMIT ?2)";
        self.writer
            .write(move |session| {
                let limit = signed(limit as u64);
                session.connection.execute(sql, params![before.millis(), limit]).map_err(explain)
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
    SELECT r.*, w.id AS webhook_id, w.deleted_at IS NOT NULL AS webhook_deleted, a.id AS account
    FROM recovery AS r JOIN webhook AS w ON w.num = r.webhook JOIN account AS a ON a.num = r.env / 2";

fn job(connection: &Connection, id: RecoveryId) -> rusqlite::Result<Option<Job>> {
    let sql = format!("{JOBS} WHERE r.id = ?1");
    connection.prepare_cached(&sql)?.query_row([id.as_bytes()], read).optional()
}

fn list(
    connection: &Connection,
    env: i64,
    filter: RecoveryFilter,
    page: Page,
) -> rusqlite::Result<Listed<Recovery>> {
    let mut conditions = Conditions::default();
    conditions.add("r.env = ?", env);
    if let Some(webhook) = filter.webhook {
        conditions.add("r.webhook = (SELECT num FROM webhook WHERE id = ?)", *webhook.as_bytes());
    }
    if let Some(status) = filter.status {
        conditions.add("r.status = ?", status as u8);
    }
    let total = conditions.total(connection, "recovery AS r")?;
    let items = conditions
        .page(connection, (JOBS, "r.id DESC"), page, |row| read(row).map(|job| job.recovery))?;
    Ok(Listed { items, total })
}

fn running(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Recovery>> {
    // The plus keeps it from going through every job there is in the order of their numbers.
    let sql = format!("{JOBS} WHERE r.status = 0 ORDER BY +r.num LIMIT ?1");
    let mut query = connection.prepare_cached(&sql)?;
    let rows = query.query_map([signed(limit as u64)], |row| read(row).map(|job| job.recovery))?;
    rows.collect()
}

fn count_missed(connection: &Connection, missed: &Missed) -> rusqlite::Result<u64> {
    // The state is told again in the words of the partial index.
    let sql = "SELECT count(*) AS total FROM delivery
               WHERE webhook = ?1 AND state = ?2 AND state >= 2 AND created_at >= ?3";
    let Some((_, webhook)) = numbers(connection, missed)? else { return Ok(0) };
    let mut query = connection.prepare_cached(sql)?;
    let mut total = 0;
    for state in &missed.states {
        let of = params![webhook, *state as u8, missed.since.millis()];
        total += query.query_row(of, |row| count::<u64>(row, "total"))?;
    }
    Ok(total)
}

/// The environment's and the webhook's number, if it is there.
fn numbers(connection: &Connection, missed: &Missed) -> rusqlite::Result<Option<(i64, i64)>> {
    let sql = "SELECT w.env, w.num, a.id AS account
               FROM webhook AS w JOIN account AS a ON a.num = w.env / 2
               WHERE w.id = ?1 AND w.deleted_at IS NULL";
    let read = |row: &Row<'_>| {
        let (env, webhook) = (row.get("env")?, row.get("num")?);
        Ok((environment(AccountId(object_id(row, "account")?), env), (env, webhook)))
    };
    let found =
        connection.prepare_cached(sql)?.query_row([missed.webhook.as_bytes()], read).optional()?;
    Ok(found.filter(|(of, _)| *of == missed.environment).map(|(_, numbers)| numbers))
}

/// A delivery that a job looks at: its event's number, its state, and when it was made.
type LookedAt = (i64, DeliveryState, i64);

impl Session<'_> {
    fn create_recovery(&mut self, recovery: &Recovery) -> rusqlite::Result<RecoveryCreated> {
        let missed = &recovery.missed;
        let Some((env, webhook)) = numbers(self.connection, missed)? else {
            return Ok(RecoveryCreated::UnknownWebhook);
        };
        let sql = "SELECT EXISTS (SELECT 1 FROM recovery WHERE webhook = ?1 AND status = 0)";
        if self.connection.prepare_cached(sql)?.query_row([webhook], |row| row.get(0))? {
            return Ok(RecoveryCreated::AnotherIsRunning);
        }
        let sql = "INSERT INTO recovery
                       (id, env, webhook, since, states, status, total, recovered, looked_at, last,
                        created_at, updated_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11)";
        self.connection.prepare_cached(sql)?.execute(params![
            recovery.id.as_bytes(),
            env,
            webhook,
            missed.since.millis(),
            encode_states(&missed.states),
            recovery.status as u8,
            signed(recovery.total),
            signed(recovery.recovered),
            self.next_sequence.cast_signed() - 1,
            recovery.created_at.millis(),
            recovery.updated_at.millis(),
        ])?;
        Ok(RecoveryCreated::Created)
    }

    fn recover_some(
        &mut self,
        id: RecoveryId,
        at: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<Option<RecoveryStep>> {
        let Some(mut job) = job(self.connection, id)? else { return Ok(None) };
        let mut moved = 0;
        if job.recovery.status == RecoveryStatus::Running {
            if job.webhook_deleted {
                job.recovery.status = RecoveryStatus::Cancelled;
            } else {
                moved = self.step(&mut job, at, limit)?;
            }
            if moved > 0 || job.recovery.status != RecoveryStatus::Running {
                job.recovery.updated_at = at;
            }
            save(self.connection, &job)?;
        }
        Ok(Some(RecoveryStep { recovery: job.recovery, moved }))
    }

    fn step(&mut self, job: &mut Job, at: Timestamp, limit: usize) -> rusqlite::Result<u64> {
        let next = self.next(job, limit)?;
        let since = job.recovery.missed.since.millis();
        let mut moved = 0;
        for (sequence, state, _) in next.iter().filter(|(_, _, made)| *made >= since) {
            self.begin_anew(job, (*sequence, *state), at)?;
            moved += 1;
        }
        if next.len() < limit {
            job.recovery.status = RecoveryStatus::Done;
        }
        job.looked_at = next.last().map_or(job.looked_at, |(sequence, _, _)| *sequence);
        job.recovery.recovered += moved;
        job.recovery.total = job.recovery.total.max(job.recovery.recovered);
        Ok(moved)
    }

    /// The next deliveries in the states of the job, in the order of their events.
    fn next(&self, job: &Job, limit: usize) -> rusqlite::Result<Vec<LookedAt>> {
        let sql = "SELECT seq, created_at FROM delivery
                   WHERE webhook = ?1 AND state = ?2 AND state >= 2 AND seq > ?3 AND seq <= ?4
                   ORDER BY seq LIMIT ?5";
        let mut query = self.connection.prepare_cached(sql)?;
        let mut next = Vec::new();
        for state in &job.recovery.missed.states {
            let most = signed(limit as u64);
            let of = params![job.webhook, *state as u8, job.looked_at, job.last, most];
            let rows = query.query_map(of, |row| Ok((row.get(0)?, *state, row.get(1)?)))?;
            next.extend(rows.collect::<rusqlite::Result<Vec<LookedAt>>>()?);
        }
        next.sort_unstable();
        next.truncate(limit);
        Ok(next)
    }

    /// Makes a delivery due at `at`, with a fresh schedule.
    fn begin_anew(
        &mut self,
        job: &Job,
        (sequence, from): (i64, DeliveryState),
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        let sql =
            "UPDATE delivery SET state = 0, due_at = ?4, restarted = attempts, updated_at = ?4
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3";
        let values = [job.env, sequence, job.webhook, at.millis()];
        self.connection.prepare_cached(sql)?.execute(values)?;
        let row = (job.env, sequence, job.webhook);
        let place = self.registry.places.of(self.connection, row)?;
        self.tallies.moved((place, job.webhook), from, DeliveryState::Pending, at);
        Ok(())
    }
}

fn save(connection: &Connection, job: &Job) -> rusqlite::Result<()> {
    let sql = "UPDATE recovery SET status = ?2, total = ?3, recovered = ?4, looked_at = ?5,
                   updated_at = ?6 WHERE id = ?1";
    let recovery = &job.recovery;
    connection.prepare_cached(sql)?.execute(params![
        recovery.id.as_bytes(),
        recovery.status as u8,
        signed(recovery.total),
        signed(recovery.recovered),
        job.looked_at,
        recovery.updated_at.millis(),
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    let env = row.get("env")?;
    let code: u8 = row.get("status")?;
    let status = RecoveryStatus::from_code(code).ok_or_else(|| {
        let problem = StoreError::Corrupt(format!("status {code} of a recovery"));
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Integer, problem.into())
    })?;
    let missed = Missed {
        environment: environment(AccountId(object_id(row, "account")?), env),
        webhook: WebhookId(object_id(row, "webhook_id")?),
        since: time(row, "since")?,
        states: decode_states(row.get("states")?),
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
        webhook: row.get("webhook")?,
        webhook_deleted: row.get("webhook_deleted")?,
        env,
        looked_at: row.get("looked_at")?,
        last: row.get("last")?,
    })
}

/// A bit for each state.
fn encode_states(states: &BTreeSet<DeliveryState>) -> u8 {
    states.iter().fold(0, |bits, state| bits | 1 << *state as u8)
}

fn decode_states(bits: u8) -> BTreeSet<DeliveryState> {
    DeliveryState::ALL.into_iter().filter(|state| bits & (1 << *state as u8) != 0).collect()
}
