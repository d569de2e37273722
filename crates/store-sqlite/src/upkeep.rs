//! Forgetting and tidying, some rows at a time.

use std::time::Duration;

use async_trait::async_trait;
use herald_domain::{delivery::DeliveryState, time::Timestamp};
use herald_store::{Result, Upkeep};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    SqliteStore,
    claims::Hold,
    codec::{count, signed},
    failure::explain,
    stretches::{self, Place},
    webhooks,
    writer::Session,
};

#[async_trait]
impl Upkeep for SqliteStore {
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.writer.write(move |session| session.expire(before, limit).map_err(explain)).await
    }

    async fn expire_keys(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let sql = "DELETE FROM idempotency WHERE (env, key) IN
                       (SELECT env, key FROM idempotency WHERE created_at < ?1 LIMIT ?2)";
        self.writer
            .write(move |session| {
                let limit = signed(limit as u64);
                session.connection.execute(sql, params![before.millis(), limit]).map_err(explain)
            })
            .await
    }

    async fn cancel_orphans(&self, at: Timestamp, limit: usize) -> Result<usize> {
        self.writer.write(move |session| session.cancel_orphans(at, limit).map_err(explain)).await
    }

    async fn end_rotations(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.writer.write(move |session| webhooks::end_rotations(session, now, limit)).await
    }

    async fn advance_due(&self, now: Timestamp, by: Duration) -> Result<()> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.writer
            .write(move |session| {
                // Fresh ones have no time to be moved; given back later, they would be due when
                // they were made, which is in the future now.
                *session.lingering_before = *session.next_sequence;
                session.make_lingering_ones_due(usize::MAX)?;
                let deliveries = "UPDATE delivery SET due_at = max(?1, due_at - ?2)
                                  WHERE state = 0 AND due_at > ?1";
                let resources = "UPDATE resource SET due_at = max(?1, due_at - ?2)
                                 WHERE due_at > ?1";
                for sql in [deliveries, resources] {
                    session.connection.execute(sql, [now.millis(), by]).map_err(explain)?;
                }
                Ok(())
            })
            .await
    }

    async fn note_time(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        // Some at a time: thousands may linger while receivers hang, and a publisher whose event is
        // in the same transaction waits for all of it.
        while self.writer.write(|session| session.make_lingering_ones_due(LINGERING)).await? {}
        self.writer.write(move |session| note_time(session.connection, now).map_err(explain)).await
    }

    async fn probe(&self) -> Result<()> {
        let sql = "INSERT INTO meta (name, value) VALUES ('probes', 1)
                   ON CONFLICT DO UPDATE SET value = value + 1";
        self.writer
            .write(move |session| session.connection.execute(sql, []).map(|_| ()).map_err(explain))
            .await
    }
}

/// Lingering deliveries of one transaction at most.
const LINGERING: usize = 100;

/// Events, oldest first: they are numbered in the order of their time.
const EVENTS: &str = "
    SELECT seq, env, type, created_at,
        EXISTS (SELECT 1 FROM delivery AS d
                WHERE d.env = e.env AND d.seq = e.seq AND d.state IN (0, 3)) AS unfinished
    FROM event AS e ORDER BY seq";

/// An event: environment, number, type.
type EventRow = (i64, i64, i64);

/// Up to `limit` events from before `before` that have nothing left to do. The first young one
/// ends the search, so what is not old is not read, however much of it there is. One from the
/// future does not: it was made while the clock was wrong, and would be in the way until then.
fn old_events(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<EventRow>> {
    let now = noted_time(connection)?.unwrap_or(i64::MAX);
    let mut old = Vec::new();
    let mut events = connection.prepare_cached(EVENTS)?;
    let mut rows = events.query([])?;
    while old.len() < limit
        && let Some(row) = rows.next()?
    {
        let created_at: i64 = row.get("created_at")?;
        if created_at < before.millis() {
            if !row.get::<_, bool>("unfinished")? {
                old.push((row.get("env")?, row.get("seq")?, row.get("type")?));
            }
        } else if created_at <= now {
            break;
        }
    }
    Ok(old)
}

impl Session<'_> {
    /// Fresh deliveries that have not been settled since the last call are not so fresh any more:
    /// entered in the index of what is due, they no longer hold back the watermark. At most `limit`
    /// of them; answers whether there may be more.
    fn make_lingering_ones_due(&mut self, limit: usize) -> Result<bool> {
        let lingering = self.claims.fresh_before(*self.lingering_before);
        let more = lingering.len() > limit;
        for (webhook, sequence) in lingering.into_iter().take(limit) {
            let delivery = (webhook, sequence);
            // It may have been settled or given back earlier in this very transaction: taken
            // again then, nobody would ever give it back.
            if self.claims.hold(delivery) != Some(Hold::Fresh) {
                continue;
            }
            if let Some(env) = self.env_of(webhook)? {
                self.make_due(env, delivery)?;
            }
            self.claims.take(delivery, Hold::Claimed);
        }
        if !more {
            *self.lingering_before = *self.next_sequence;
        }
        Ok(more)
    }

    fn env_of(&self, webhook: i64) -> Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT env FROM webhook WHERE num = ?1")
            .and_then(|mut query| query.query_row([webhook], |row| row.get(0)).optional())
            .map_err(explain)
    }

    fn expire(&mut self, before: Timestamp, limit: usize) -> rusqlite::Result<usize> {
        let old = old_events(self.connection, before, limit)?;
        if let Some((_, last, _)) = old.last() {
            // So that its number is not given again, even if no later event is left.
            self.connection.prepare_cached(NOTE_LARGEST)?.execute(params!["last_expired", last])?;
        }
        for (env, sequence, event_type) in &old {
            let place = stretches::place(self.connection, (*env, *sequence), *event_type)?;
            self.remove_event(place, *sequence)?;
            self.tallies.event_removed(place);
        }
        Ok(old.len())
    }

    fn remove_event(&mut self, place: Place, sequence: i64) -> rusqlite::Result<()> {
        let of_event = [place.env, sequence];
        let remove = "DELETE FROM delivery WHERE env = ?1 AND seq = ?2 RETURNING webhook, state";
        let mut remove = self.connection.prepare_cached(remove)?;
        let mut removed = remove.query(of_event)?;
        while let Some(row) = removed.next()? {
            let state: u8 = row.get("state")?;
            if let Some(state) = DeliveryState::from_code(state) {
                self.tallies.removed((place, row.get("webhook")?), state);
            }
        }
        for table in ["attempt", "manual_attempt"] {
            let sql = format!("DELETE FROM {table} WHERE env = ?1 AND seq = ?2");
            self.connection.prepare_cached(&sql)?.execute(of_event)?;
        }
        self.connection.prepare_cached("DELETE FROM event WHERE seq = ?1")?.execute([sequence])?;
        Ok(())
    }

    fn cancel_orphans(&mut self, at: Timestamp, limit: usize) -> rusqlite::Result<usize> {
        let deleted: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT w.num FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
                 WHERE w.deleted_at IS NOT NULL AND t.pending + t.held > 0",
            )?
            .query_map([], |row| row.get("num"))?
            .collect::<Result<_, _>>()?;
        let mut done = 0;
        for webhook in deleted {
            // Fresh ones are pending too, and in no index. Those in flight may be cancelled already.
            for (_, sequence) in self.claims.fresh_of(webhook) {
                if done < limit {
                    done += self.cancel_fresh(webhook, sequence, at)?;
                }
            }
            for from in [DeliveryState::Pending, DeliveryState::Held] {
                done += self.cancel(webhook, from, at, limit - done)?;
            }
        }
        Ok(done)
    }

    fn cancel_fresh(
        &mut self,
        webhook: i64,
        sequence: u64,
        at: Timestamp,
    ) -> rusqlite::Result<usize> {
        let sql = "UPDATE delivery SET state = 4, updated_at = ?1
                   WHERE env = (SELECT env FROM webhook WHERE num = ?3) AND seq = ?2
                       AND webhook = ?3 AND state = 0 AND due_at IS NULL RETURNING env";
        let env = self
            .connection
            .prepare_cached(sql)?
            .query_row(params![at.millis(), sequence.cast_signed(), webhook], |row| row.get(0))
            .optional()?;
        let Some(env) = env else { return Ok(0) };
        let row = (env, sequence.cast_signed(), webhook);
        let place = self.registry.places.of(self.connection, row)?;
        let (from, to) = (DeliveryState::Pending, DeliveryState::Cancelled);
        self.tallies.moved((place, webhook), from, to, at);
        Ok(1)
    }

    fn cancel(
        &mut self,
        webhook: i64,
        from: DeliveryState,
        at: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        // The state is written out, so that the partial indexes apply.
        let select = match from {
            DeliveryState::Pending => {
                "SELECT env, seq FROM delivery
                 WHERE webhook = ?1 AND state = 0 AND due_at IS NOT NULL LIMIT ?2"
            }
            _ => {
                "SELECT env, seq FROM delivery WHERE webhook = ?1 AND state = 3 AND state >= 2 LIMIT ?2"
            }
        };
        let rows: Vec<(i64, i64)> = self
            .connection
            .prepare_cached(select)?
            .query_map([webhook, signed(limit as u64)], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let update = "UPDATE delivery SET state = 4, due_at = NULL, updated_at = ?4
                      WHERE env = ?1 AND seq = ?2 AND webhook = ?3";
        for (env, sequence) in &rows {
            self.connection.prepare_cached(update)?.execute([
                *env,
                *sequence,
                webhook,
                at.millis(),
            ])?;
            let place = self.registry.places.of(self.connection, (*env, *sequence, webhook))?;
            self.tallies.moved((place, webhook), from, DeliveryState::Cancelled, at);
        }
        Ok(rows.len())
    }
}

/// Keeps the largest value of a name.
const NOTE_LARGEST: &str = "
    INSERT INTO meta (name, value) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET value = max(value, excluded.value)";

fn noted_time(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = 'time'", [], |row| count(row, "value"))
        .optional()
}

fn note_time(connection: &Connection, now: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
    let earlier = noted_time(connection)?;
    let sql = "INSERT INTO meta (name, value) VALUES ('time', ?1)
               ON CONFLICT DO UPDATE SET value = excluded.value";
    connection.execute(sql, [now.millis()])?;
    Ok(earlier.map(Timestamp::from_millis))
}

#[cfg(test)]
mod tests;
