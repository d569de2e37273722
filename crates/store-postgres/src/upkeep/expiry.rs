//! Forgetting events that are old and have nothing left to do.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use herald_domain::{delivery::DeliveryState, time::Timestamp};
use herald_store::Result;
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{delivery_state, limit as at_most, time},
    failure::Outcome,
    tally::Tallies,
    transaction::Tx,
};

/// How far this node has come, if there was more than it may do at a time. What is held may be old,
/// and very much; it need not be passed again each time.
#[derive(Default)]
pub(crate) struct Expiry(Mutex<Option<Timestamp>>);

impl Expiry {
    fn get(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, come_to: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = come_to;
    }
}

/// Removes up to `limit` events that were made before `before`; answers how many.
pub(crate) async fn expire(
    store: &PostgresStore,
    before: Timestamp,
    limit: usize,
) -> Result<usize> {
    let (removed, come_to) = store
        .write((store.shared.clone(), before, limit), |tx, given| async move {
            let (shared, before, limit) = &*given;
            let (old, come_to) = old_events(&tx, shared, *before, *limit).await?;
            Ok((forget(&tx, shared, old).await?, come_to))
        })
        .await?;
    store.shared.expiry.set(come_to);
    Ok(removed)
}

/// An old event.
struct Old {
    env: i64,
    sequence: i64,
    created_at: Timestamp,
}

/// Up to `limit` old events, from where the last search ended; and where this one did, if it found so
/// many. If it did not, what has ended meanwhile before that is found too.
async fn old_events(
    tx: &Tx,
    shared: &Shared,
    before: Timestamp,
    limit: usize,
) -> Outcome<(Vec<Old>, Option<Timestamp>)> {
    let beginning = Timestamp::from_millis(i64::MIN);
    let from = shared.expiry.get().unwrap_or(beginning);
    let mut old = search(tx, (from, before), limit).await?;
    let come_to = old.last().map_or(from, |last| last.created_at);
    if old.len() < limit && from > beginning {
        old.extend(search(tx, (beginning, from.min(before)), limit - old.len()).await?);
    }
    let is_full = old.len() == limit;
    Ok((old, is_full.then_some(come_to)))
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
    tallies.write(tx, shared.node.slot()).await?;
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
