//! What people ask, read beside the writer; `lists` has the lists.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, History, Listed,
    NumberedAttempt, Page, Result,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{self, count, object_id, signed},
    failure::explain,
    lists::{self, DELIVERIES, EVENTS, FRESH, delivery, event, of_keys},
    registry::known_env,
};

#[async_trait]
impl History for SqliteStore {
    async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Option<Event>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(None) };
                let sql = format!("{EVENTS} WHERE e.env = ?1 AND e.id = ?2");
                connection
                    .prepare_cached(&sql)
                    .and_then(|mut query| {
                        query.query_row(params![env, id.as_bytes()], event).optional()
                    })
                    .map_err(explain)
            })
            .await
    }

    async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(None) };
                test_event_for(connection, env, id).map_err(explain)
            })
            .await
    }

    async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else {
                    return Ok(Listed::empty());
                };
                lists::events(connection, env, &filter, page).map_err(explain)
            })
            .await
    }

    async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(None) };
                let sql = format!("{DELIVERIES} WHERE d.env = ?1 AND d.id = ?2");
                connection
                    .prepare_cached(&sql)
                    .and_then(|mut query| {
                        query.query_row(params![env, id.as_bytes()], delivery).optional()
                    })
                    .map_err(explain)
            })
            .await
    }

    async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else {
                    return Ok(Listed::empty());
                };
                lists::deliveries(connection, env, &filter, page).map_err(explain)
            })
            .await
    }

    async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        self.readers
            .read(move |connection| match known_env(connection, environment)? {
                Some(env) => next_attempts(connection, env, webhook, limit).map_err(explain),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>> {
        self.readers
            .read(move |connection| match known_env(connection, environment)? {
                Some(env) => delivery_counts(connection, env).map_err(explain),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn attempts(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Vec<NumberedAttempt>> {
        self.readers
            .read(move |connection| match known_env(connection, environment)? {
                Some(env) => attempts(connection, env, id),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books> {
        self.readers
            .read(move |connection| {
                let env = match environment {
                    None => None,
                    Some(id) => match known_env(connection, id)? {
                        None => return Ok(Books::default()),
                        known => known,
                    },
                };
                books(connection, env).map_err(explain)
            })
            .await
    }
}

fn test_event_for(
    connection: &Connection,
    env: i64,
    id: EventId,
) -> rusqlite::Result<Option<WebhookId>> {
    let sql = "SELECT test_for FROM event WHERE env = ?1 AND id = ?2 AND test_for IS NOT NULL";
    connection
        .prepare_cached(sql)?
        .query_row(params![env, id.as_bytes()], |row| Ok(WebhookId(object_id(row, "test_for")?)))
        .optional()
}

/// Those in the index of what is due, in its order, and those that are not in it yet: they are due
/// since they were made, and all behind a watermark.
fn next_attempts(
    connection: &Connection,
    env: i64,
    webhook: WebhookId,
    limit: usize,
) -> rusqlite::Result<Vec<DeliveryView>> {
    let mut next = Vec::new();
    for (pending, order) in [
        // The environment is in the index between them: without it, those due at one time would
        // be sorted, however many they are.
        ("d.state = 0 AND d.due_at IS NOT NULL", "d.due_at, d.env, d.seq"),
        (FRESH, "d.created_at, d.seq"),
    ] {
        let sql = format!(
            "WITH next AS MATERIALIZED (
                 SELECT d.env, d.seq, d.webhook FROM delivery AS d
                 WHERE d.webhook = (SELECT num FROM webhook WHERE id = ?2) AND +d.env = ?1
                     AND {pending}
                 ORDER BY {order} LIMIT ?3)
             SELECT d.seq, {columns}",
            columns = of_keys("next").trim_start().trim_start_matches("SELECT"),
        );
        let values = params![env, webhook.as_bytes(), signed(limit as u64)];
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>("seq")?, delivery(row)?));
        let mut query = connection.prepare_cached(&sql)?;
        next.extend(query.query_map(values, read)?.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    next.sort_by_key(|(sequence, view)| (view.due_at, *sequence));
    next.truncate(limit);
    Ok(next.into_iter().map(|(_, view)| view).collect())
}

fn delivery_counts(connection: &Connection, env: i64) -> rusqlite::Result<Vec<DeliveryCounts>> {
    let sql = "SELECT w.id, t.pending, t.delivered - t.removed_delivered AS delivered,
                   t.exhausted - t.removed_exhausted AS exhausted, t.held,
                   t.cancelled - t.removed_cancelled AS cancelled
               FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
               WHERE w.env = ?1 AND w.deleted_at IS NULL ORDER BY w.id";
    let mut query = connection.prepare_cached(sql)?;
    let counts = query.query_map([env], |row| {
        let mut found = [0; DeliveryState::ALL.len()];
        for state in DeliveryState::ALL {
            found[state as usize] = count(row, state.as_str())?;
        }
        let webhook = WebhookId(object_id(row, "id")?);
        Ok(DeliveryCounts::of(webhook, |state| found[state as usize]))
    })?;
    counts.collect()
}

fn attempts(connection: &Connection, env: i64, id: DeliveryId) -> Result<Vec<NumberedAttempt>> {
    let scheduled = attempts_in(connection, "attempt", env, id)?;
    let manual = attempts_in(connection, "manual_attempt", env, id)?;
    Ok(NumberedAttempt::merged(scheduled, manual))
}

fn attempts_in(
    connection: &Connection,
    table: &str,
    env: i64,
    id: DeliveryId,
) -> Result<Vec<NumberedAttempt>> {
    let sql = format!(
        "SELECT a.*, u.url AS destination FROM delivery AS d
         JOIN {table} AS a ON a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook
         JOIN destination AS u ON u.num = a.url
         WHERE d.env = ?1 AND d.id = ?2 ORDER BY a.number"
    );
    let manual = table == "manual_attempt";
    let mut query = connection.prepare_cached(&sql).map_err(explain)?;
    let mut rows = query.query(params![env, id.as_bytes()]).map_err(explain)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        let number = count(row, "number").map_err(explain)?;
        attempts.push(NumberedAttempt { number, manual, attempt: codec::attempt(row)? });
    }
    Ok(attempts)
}

fn books(connection: &Connection, env: Option<i64>) -> rusqlite::Result<Books> {
    let sql = "SELECT coalesce(sum(accepted), 0) AS accepted, coalesce(sum(pending), 0) AS pending,
                   coalesce(sum(delivered), 0) AS delivered,
                   coalesce(sum(exhausted), 0) AS exhausted,
                   coalesce(sum(held), 0) AS held, coalesce(sum(cancelled), 0) AS cancelled
               FROM tally WHERE ?1 IS NULL OR env = ?1";
    connection.prepare_cached(sql)?.query_row([env], |row| {
        Ok(Books {
            accepted: count(row, "accepted")?,
            pending: count(row, "pending")?,
            delivered: count(row, "delivered")?,
            exhausted: count(row, "exhausted")?,
            held: count(row, "held")?,
            cancelled: count(row, "cancelled")?,
        })
    })
}
