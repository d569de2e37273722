//! What people ask, read beside the writer.
//!
//! Lists know their length from the tallies where they can; what is filtered further is counted.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    attempt::ErrorClass,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::{
    Books, DeliveryFilter, DeliveryView, EventFilter, History, Listed, NumberedAttempt, Page,
    Result, StoreError, TimeRange,
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::{
    SqliteStore,
    codec::{self, count, maybe_time, object_id, time},
    conditions::Conditions,
    failure::explain,
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
                list_events(connection, env, &filter, page).map_err(explain)
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
                list_deliveries(connection, env, &filter, page).map_err(explain)
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

const EVENTS: &str = "
    SELECT e.id, t.name AS type, t.resource, e.created_at, e.body
    FROM event AS e JOIN event_type AS t ON t.num = e.type";

const DELIVERIES: &str = "
    SELECT d.id, e.id AS event, t.name AS type, w.id AS webhook, d.state, d.attempts,
           iif(d.state = 0, coalesce(d.due_at, d.created_at), NULL) AS due_at,
           d.last_status, d.last_error, d.created_at, d.updated_at
    FROM delivery AS d
    JOIN event AS e ON e.seq = d.seq
    JOIN event_type AS t ON t.num = d.type
    JOIN webhook AS w ON w.num = d.webhook";

fn list_events(
    connection: &Connection,
    env: i64,
    filter: &EventFilter,
    page: Page,
) -> rusqlite::Result<Listed<Event>> {
    let mut conditions = Conditions::default();
    conditions.add("e.env = ?", env);
    if let Some(event_type) = &filter.event_type {
        conditions.add("e.type IN (SELECT num FROM event_type WHERE name = ?)", event_type.clone());
    }
    if let Some(resource) = &filter.resource_type {
        conditions
            .add("e.type IN (SELECT num FROM event_type WHERE resource = ?)", resource.clone());
    }
    let total = if filter.created == TimeRange::default() {
        let tally = Conditions {
            clauses: conditions.clauses.clone(),
            values: std::mem::take(&mut conditions.values),
        };
        let sql = format!(
            "SELECT coalesce(sum(count), 0) AS total FROM event_tally AS e{}",
            tally.clause()
        );
        let total = connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&tally.values), |row| count(row, "total"))?;
        conditions.values = tally.values;
        total
    } else {
        conditions.within(filter.created, ["e.created_at > ?", "e.created_at < ?"]);
        conditions.total(connection, "event AS e")?
    };
    let items = conditions.page(connection, (EVENTS, "e.id DESC"), page, event)?;
    Ok(Listed { items, total })
}

fn list_deliveries(
    connection: &Connection,
    env: i64,
    filter: &DeliveryFilter,
    page: Page,
) -> rusqlite::Result<Listed<DeliveryView>> {
    let mut conditions = Conditions::default();
    conditions.add("d.env = ?", env);
    if let Some(webhook) = filter.webhook {
        conditions.add("d.webhook = (SELECT num FROM webhook WHERE id = ?)", *webhook.as_bytes());
    }
    if let Some(id) = filter.event {
        let Some(sequence) = sequence_of(connection, env, id)? else { return Ok(Listed::empty()) };
        conditions.add("d.seq = ?", sequence);
    }
    if let Some(state) = filter.state {
        conditions.add("d.state = ?", state as u8);
        if state > DeliveryState::Delivered {
            // Says again what follows, in the words of the partial index.
            conditions.clauses.push("d.state >= 2");
        }
    }
    if let Some(event_type) = &filter.event_type {
        conditions.add("d.type IN (SELECT num FROM event_type WHERE name = ?)", event_type.clone());
    }
    conditions.within(filter.created, ["d.created_at > ?", "d.created_at < ?"]);
    conditions.within(filter.updated, ["d.updated_at > ?", "d.updated_at < ?"]);
    let total = match tallied(connection, env, filter)? {
        Some(total) => total,
        None => conditions.total(connection, "delivery AS d")?,
    };
    let order = "d.seq DESC, d.webhook DESC";
    let items = conditions.page(connection, (DELIVERIES, order), page, delivery)?;
    Ok(Listed { items, total })
}

/// The length of a list that the tallies know: filtered by webhook and state at most.
fn tallied(
    connection: &Connection,
    env: i64,
    filter: &DeliveryFilter,
) -> rusqlite::Result<Option<u64>> {
    let known =
        DeliveryFilter { webhook: filter.webhook, state: filter.state, ..Default::default() };
    if known != *filter {
        return Ok(None);
    }
    let present = match filter.state {
        Some(DeliveryState::Pending) => "pending",
        Some(DeliveryState::Held) => "held",
        Some(DeliveryState::Delivered) => "delivered - removed_delivered",
        Some(DeliveryState::Exhausted) => "exhausted - removed_exhausted",
        Some(DeliveryState::Cancelled) => "cancelled - removed_cancelled",
        None => "accepted - removed_delivered - removed_exhausted - removed_cancelled",
    };
    let sql = format!(
        "SELECT coalesce(sum({present}), 0) AS total FROM tally WHERE env = ?1
         AND (?2 IS NULL OR webhook = (SELECT num FROM webhook WHERE id = ?2))"
    );
    let webhook = filter.webhook.map(|webhook| *webhook.as_bytes());
    connection
        .prepare_cached(&sql)?
        .query_row(params![env, webhook], |row| count(row, "total"))
        .map(Some)
}

fn sequence_of(connection: &Connection, env: i64, id: EventId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT seq FROM event WHERE env = ?1 AND id = ?2")?
        .query_row(params![env, id.as_bytes()], |row| row.get(0))
        .optional()
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

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: EventId(object_id(row, "id")?),
        event_type: row.get("type")?,
        resource_type: row.get("resource")?,
        created_at: time(row, "created_at")?,
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryView> {
    let unknown = |what: &str, code: u8| {
        let problem = StoreError::Corrupt(format!("{what} {code} of a delivery"));
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Integer, problem.into())
    };
    let state: u8 = row.get("state")?;
    let error: Option<u8> = row.get("last_error")?;
    Ok(DeliveryView {
        id: DeliveryId(object_id(row, "id")?),
        event: EventId(object_id(row, "event")?),
        event_type: row.get("type")?,
        webhook: WebhookId(object_id(row, "webhook")?),
        state: DeliveryState::from_code(state).ok_or_else(|| unknown("state", state))?,
        attempts: count(row, "attempts")?,
        due_at: maybe_time(row, "due_at")?,
        last_status: row.get("last_status")?,
        last_error: error
            .map(|code| ErrorClass::from_code(code).ok_or_else(|| unknown("error class", code)))
            .transpose()?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
