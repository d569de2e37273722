//! Forgetting and tidying, some rows at a time. Every node does it: what one is busy with, the others
//! pass over.

mod expiry;

use std::time::Duration;

use async_trait::async_trait;
use herald_domain::{delivery::DeliveryState, time::Timestamp};
use herald_store::{Result, Upkeep};

use crate::{
    PostgresStore, Shared,
    codec::limit as at_most,
    failure::Outcome,
    node::Work,
    tally::{Tallies, WebhookKey},
    time::{JUMP, since_start},
    transaction::Tx,
    webhooks,
};

pub(crate) use expiry::Expiry;

#[async_trait]
impl Upkeep for PostgresStore {
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        expiry::expire(self, before, limit).await
    }

    async fn expire_keys(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(
            (before, limit),
            |tx, given| async move { expire_keys(&tx, given.0, given.1).await },
        )
        .await
    }

    async fn cancel_orphans(&self, at: Timestamp, limit: usize) -> Result<usize> {
        self.write((self.shared.clone(), at, limit), |tx, given| async move {
            let (shared, at, limit) = &*given;
            cancel_orphans(&tx, shared, *at, *limit).await
        })
        .await
    }

    async fn end_rotations(&self, now: Timestamp, limit: usize) -> Result<usize> {
        webhooks::end_rotations(self, now, limit).await
    }

    async fn advance_due(&self, now: Timestamp, by: Duration) -> Result<()> {
        let lease = self.shared.node.lease_time();
        self.write((now, by), move |tx, given| async move { advance_due(&tx, *given, lease).await })
            .await
    }

    async fn note_time(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        // Between two heartbeats the database's clock may have been set back, and another node have
        // noted that. What this one took the time from would look like a clock set forward again.
        if self.hear_of_the_time().await? > JUMP {
            return Ok(None);
        }
        self.write(now, |tx, now| async move { note_time(&tx, *now).await }).await
    }

    async fn probe(&self) -> Result<()> {
        self.write(self.shared.clone(), |tx, shared| async move {
            // A row of this node's own: it waits for no node that is halted while it probes.
            let name = format!("probes {}", shared.node.slot(Work::Other));
            let sql = "INSERT INTO meta AS m (name, value) VALUES ($1, 1)
                       ON CONFLICT (name) DO UPDATE SET value = m.value + 1";
            tx.execute(sql, &[&name]).await?;
            Ok(())
        })
        .await
    }
}

impl PostgresStore {
    /// Asks the database what time it is. Answers how wrong this node was.
    async fn hear_of_the_time(&self) -> Result<Duration> {
        let time = self.time();
        self.look_up(time, |tx, time| async move {
            let sql = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS shown";
            tx.prepare(&[sql]).await?;
            let asked = since_start();
            let shown = tx.query_one(sql, &[]).await?.try_get("shown")?;
            let wrong = time.learn(shown, asked, since_start());
            Ok(Duration::from_millis(wrong.unsigned_abs()))
        })
        .await
    }
}

async fn expire_keys(tx: &Tx, before: Timestamp, limit: usize) -> Outcome<usize> {
    let sql = "SELECT env, key FROM idempotency WHERE created_at < $1
               ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    let old = tx.query(sql, &[&before.millis(), &at_most(limit)]).await?;
    let (mut envs, mut keys) = (Vec::<i64>::new(), Vec::<&str>::new());
    for row in &old {
        envs.push(row.try_get("env")?);
        keys.push(row.try_get("key")?);
    }
    let sql =
        "DELETE FROM idempotency AS i USING unnest($1::bigint[], $2::text[]) AS old (env, key)
               WHERE i.env = old.env AND i.key = old.key";
    tx.execute(sql, &[&envs, &keys]).await?;
    Ok(old.len())
}

/// Deleted webhooks for which something is still to be done, by the books.
const ORPHANED: &str = "
    SELECT w.env, w.num FROM webhook AS w
    WHERE w.deleted_at IS NOT NULL
        AND (SELECT sum(t.pending + t.held) FROM tally AS t
             WHERE t.env = w.env AND t.webhook = w.num) > 0
    ORDER BY w.num";

/// Where the deliveries of a webhook are found that may have to be cancelled, each in the order of an
/// index. A fresh one is in none of those, but its number is not smaller than what its node says.
const ORPHANS: [(&str, DeliveryState); 3] = [
    ("due_at IS NOT NULL ORDER BY due_at, seq", DeliveryState::Pending),
    (
        "state = 0 AND due_at IS NULL AND seq >= (SELECT min(fresh_from) FROM node) ORDER BY seq",
        DeliveryState::Pending,
    ),
    ("unusual = 3 ORDER BY seq", DeliveryState::Held),
];

async fn cancel_orphans(tx: &Tx, shared: &Shared, at: Timestamp, limit: usize) -> Outcome<usize> {
    let mut tallies = Tallies::default();
    let mut done = 0;
    for row in tx.query(ORPHANED, &[]).await? {
        let of = (row.try_get("env")?, row.try_get("num")?);
        for (which, from) in ORPHANS {
            if done == limit {
                break;
            }
            let cancelled = cancel(tx, of, which, (at, limit - done)).await?;
            (0..cancelled).for_each(|_| tallies.moved(of, from, DeliveryState::Cancelled));
            done += cancelled;
        }
    }
    tallies.write(tx, shared.node.slot(Work::Other)).await?;
    Ok(done)
}

/// Cancels up to `limit` deliveries of a webhook. Who holds one goes on doing so: the attempt that is
/// in flight is recorded when it ends. What somebody is settling just now is left to the next time.
async fn cancel(
    tx: &Tx,
    (env, webhook): WebhookKey,
    which: &str,
    (at, limit): (Timestamp, usize),
) -> Outcome<usize> {
    let sql = format!(
        "SELECT seq FROM delivery WHERE env = $1 AND webhook = $2 AND {which}
         LIMIT $3 FOR UPDATE SKIP LOCKED"
    );
    let found = tx.query(&sql, &[&env, &webhook, &at_most(limit)]).await?;
    let sequences: Vec<i64> =
        found.iter().map(|row| Ok(row.try_get("seq")?)).collect::<Outcome<_>>()?;
    let sql = "UPDATE delivery SET state = 4, due_at = NULL, updated_at = $4
               WHERE env = $1 AND webhook = $2 AND seq = ANY ($3)";
    tx.execute(sql, &[&env, &webhook, &sequences, &at.millis()]).await?;
    Ok(sequences.len())
}

async fn advance_due(tx: &Tx, (now, by): (Timestamp, Duration), lease: Duration) -> Outcome<()> {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    enter_fresh(tx).await?;
    // Webhook by webhook, as the index of what is due is ordered.
    let sql = "SELECT env, webhook FROM tally GROUP BY env, webhook HAVING sum(pending) > 0
               ORDER BY env, webhook";
    for row in tx.query(sql, &[]).await? {
        let (env, webhook): WebhookKey = (row.try_get("env")?, row.try_get("webhook")?);
        let sql = "UPDATE delivery SET due_at = greatest($3, due_at - $4)
                   WHERE env = $1 AND webhook = $2 AND due_at > $3";
        tx.execute(sql, &[&env, &webhook, &now.millis(), &by]).await?;
    }
    let sql = "UPDATE resource SET due_at = greatest($1, due_at - $2) WHERE due_at > $1";
    tx.execute(sql, &[&now.millis(), &by]).await?;
    // A node that is gone is not waited for longer than a lease; who is there has renewed it by now, by
    // the clock as it is.
    let ends = "clock_timestamp() + $1::double precision * interval '1 second'";
    let sql = format!("UPDATE node SET until = {ends} WHERE until > {ends}");
    tx.execute(&sql, &[&lease.as_secs_f64()]).await?;
    Ok(())
}

/// Fresh deliveries have no time to be moved; given back later, they would be due when they were made,
/// which is in the future now. So they are entered in the index of what is due, held as they are.
async fn enter_fresh(tx: &Tx) -> Outcome<()> {
    let first = "SELECT min(fresh_from) AS first FROM node";
    let first: Option<i64> = tx.query_one(first, &[]).await?.try_get("first")?;
    let sql = "UPDATE delivery SET due_at = created_at
               WHERE seq >= $1 AND state = 0 AND due_at IS NULL";
    tx.execute(sql, &[&first.unwrap_or(i64::MAX)]).await?;
    Ok(())
}

async fn note_time(tx: &Tx, now: Timestamp) -> Outcome<Option<Timestamp>> {
    let sql = "SELECT value FROM meta WHERE name = 'time' FOR UPDATE";
    let earlier = tx.query_opt(sql, &[]).await?;
    let sql = "INSERT INTO meta (name, value) VALUES ('time', $1)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[&now.millis()]).await?;
    earlier.map(|row| Ok(Timestamp::from_millis(row.try_get("value")?))).transpose()
}
