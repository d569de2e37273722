//! Forgetting events that are old and have nothing left to do.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use herald_domain::{delivery::DeliveryState, time::Timestamp};
use herald_store::Result;
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{delivery_state, limit as at_most, time},
    failure::Outcome,
    node::Work,
    tally::Tallies,
    transaction::Tx,
};

/// How many times as long as it took to pass what is old and has something left this node rests before
/// it does so again.
const RESTS: u32 = 100;

/// What takes less is done again at once.
const SHORT: Duration = Duration::from_secs(1);

/// How far this node has come. What is held may be old, and very much: it is not passed again each time.
#[derive(Default)]
pub(crate) struct Expiry(Mutex<Progress>);

#[derive(Clone, Copy)]
struct Progress {
    /// Everything before was looked at.
    come_to: Timestamp,
    /// Until then it is not looked at again.
    rests_until: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { come_to: BEGINNING, rests_until: None }
    }
}

impl Progress {
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }
}

const BEGINNING: Timestamp = Timestamp::from_millis(i64::MIN);

impl Expiry {
    fn get(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, progress: Progress) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}

/// Removes up to `limit` events that were made before `before`; answers how many.
pub(crate) async fn expire(
    store: &PostgresStore,
    before: Timestamp,
    limit: usize,
) -> Result<usize> {
    let (removed, progress) = store
        .write((store.shared.clone(), before, limit), |tx, given| async move {
            let (shared, before, limit) = &*given;
            let (old, progress) = old_events(&tx, shared, *before, *limit).await?;
            Ok((forget(&tx, shared, old).await?, progress))
        })
        .await?;
    store.shared.expiry.set(progress);
    Ok(removed)
}

/// An old event.
struct Old {
    env: i64,
    sequence: i64,
    created_at: Timestamp,
}

/// Up to `limit` old events, from where the last search ended, and where this one did. If it does not
/// find so many, what has ended meanwhile before that is found too, unless this node rests from that.
async fn old_events(
    tx: &Tx,
    shared: &Shared,
    before: Timestamp,
    limit: usize,
) -> Outcome<(Vec<Old>, Progress)> {
    let mut progress = shared.expiry.get();
    let from = progress.come_to.min(before);
    let mut old = search(tx, (from, before), limit).await?;
    progress.come_to = come_to(&old, before, limit);
    if old.len() < limit && from > BEGINNING && !progress.rests() {
        let wanted = limit - old.len();
        let began = Instant::now();
        let earlier = search(tx, (BEGINNING, from), wanted).await?;
        let took = began.elapsed();
        progress.rests_until = (took > SHORT).then(|| Instant::now() + took * RESTS);
        if earlier.len() == wanted {
            progress.come_to = come_to(&earlier, before, wanted);
        }
        old.extend(earlier);
    }
    Ok((old, progress))
}

/// Where a search ended: at the last that it found, if it found as many as were wanted.
fn come_to(old: &[Old], before: Timestamp, wanted: usize) -> Timestamp {
    old.last().filter(|_| old.len() == wanted).map_or(before, |last| last.created_at)
}

/// Events by their age, the oldest first, that have nothing left to do. Whether that is so is asked
/// for one by one: as a join, it might read every delivery there is. What another node is busy with is
/// passed over.
const SEARCH: &str = "
    SELECT e.env, e.seq, e.created_at FROM event AS e
    WHERE e.created_at >= $1 AND e.created_at < $2
        AND (SELECT bool_or(d.state IN (0, 3)) FROM delivery AS d
             WHERE d.env = e.env AND d.seq = e.seq) IS NOT TRUE
    ORDER BY e.created_at LIMIT $3 FOR UPDATE OF e SKIP LOCKED";

async fn search(
    tx: &Tx,
    (from, before): (Timestamp, Timestamp),
    limit: usize,
) -> Outcome<Vec<Old>> {
    let values: &[crate::transaction::Value<'_>] =
        &[&from.millis(), &before.millis(), &at_most(limit)];
    let read = |row: &Row| {
        let (env, sequence) = key(row)?;
        Ok(Old { env, sequence, created_at: time(row, "created_at")? })
    };
    tx.query(SEARCH, values).await?.iter().map(read).collect()
}

/// Environment and number of an event.
type EventKey = (i64, i64);

fn key(row: &Row) -> Outcome<EventKey> {
    Ok((row.try_get("env")?, row.try_get("seq")?))
}

/// Forgets events with everything that belongs to them, but for those that have something to do after
/// all; answers how many.
async fn forget(tx: &Tx, shared: &Shared, old: Vec<Old>) -> Outcome<usize> {
    let mut events: Vec<EventKey> = old.iter().map(|old| (old.env, old.sequence)).collect();
    let begun = begun_anew(tx, &events).await?;
    events.retain(|event| !begun.contains(event));
    let mut tallies = Tallies::default();
    remove(tx, &events, &mut tallies).await?;
    tallies.write(tx, shared.node.slot(Work::Other)).await?;
    Ok(events.len())
}

/// Those of these events that have something to do after all: between the look at a delivery and its
/// lock, a recovery may have made it due. From here on none can: their deliveries are locked.
async fn begun_anew(tx: &Tx, events: &[EventKey]) -> Outcome<HashSet<EventKey>> {
    let sql = "SELECT d.env, d.seq, d.state
               FROM delivery AS d JOIN unnest($1::bigint[], $2::bigint[]) AS old (env, seq)
                   ON d.env = old.env AND d.seq = old.seq
               ORDER BY d.env, d.seq, d.webhook FOR UPDATE OF d";
    let (envs, sequences) = columns(events);
    let mut begun = HashSet::new();
    for row in tx.query(sql, &[&envs, &sequences]).await? {
        let state = delivery_state(&row, "state")?;
        if [DeliveryState::Pending, DeliveryState::Held].contains(&state) {
            begun.insert(key(&row)?);
        }
    }
    Ok(begun)
}

fn columns(events: &[EventKey]) -> (Vec<i64>, Vec<i64>) {
    events.iter().copied().unzip()
}

async fn remove(tx: &Tx, events: &[EventKey], tallies: &mut Tallies) -> Outcome<()> {
    let (envs, sequences) = columns(events);
    let delete = |table: &str, returning: &str| {
        format!(
            "DELETE FROM {table} AS t USING unnest($1::bigint[], $2::bigint[]) AS old (env, seq)
             WHERE t.env = old.env AND t.seq = old.seq {returning}"
        )
    };
    for table in ["attempt", "manual_attempt"] {
        tx.execute(&delete(table, ""), &[&envs, &sequences]).await?;
    }
    let sql = delete("delivery", "RETURNING t.env, t.webhook, t.state");
    for row in tx.query(&sql, &[&envs, &sequences]).await? {
        let of = (row.try_get("env")?, row.try_get("webhook")?);
        tallies.removed(of, delivery_state(&row, "state")?);
    }
    let sql = delete("event", "RETURNING t.env, t.type, t.resource");
    for row in tx.query(&sql, &[&envs, &sequences]).await? {
        tallies.events(row.try_get("env")?, (row.try_get("type")?, row.try_get("resource")?), -1);
    }
    Ok(())
}
