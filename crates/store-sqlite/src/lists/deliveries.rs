//! The list of deliveries.

use herald_domain::{
    attempt::ErrorClass,
    delivery::DeliveryState,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::{DeliveryFilter, DeliveryView, Listed, Page, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{Along, Stretch, along, has_all};
use crate::{
    codec::{count, maybe_time, object_id, signed, time},
    conditions::Conditions,
};

/// Up to so many deliveries in a state are gathered and sorted.
#[cfg(not(debug_assertions))]
const FEW: u64 = 5_000;

/// So few where it is tested that both ways are gone.
#[cfg(debug_assertions)]
const FEW: u64 = 2;

pub(crate) const DELIVERIES: &str = "
    SELECT d.id, e.id AS event, t.name AS type, w.id AS webhook, d.state, d.attempts,
           iif(d.state = 0, coalesce(d.due_at, d.created_at), NULL) AS due_at,
           d.last_status, d.last_error, d.created_at, d.updated_at,
           -- Asked of the few that have attempts on request at all: those are a small table.
           d.state = 1 AND EXISTS (
               SELECT 1 FROM manual_attempt AS m
               WHERE m.env = d.env AND m.seq = d.seq AND m.webhook = d.webhook
           ) AND NOT EXISTS (
               SELECT 1 FROM attempt AS a
               WHERE a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook
                   AND a.number = d.attempts AND a.status BETWEEN 200 AND 299
           ) AS on_request
    FROM delivery AS d
    JOIN event AS e ON e.seq = d.seq
    JOIN event_type AS t ON t.num = d.type
    JOIN webhook AS w ON w.num = d.webhook";

/// Deliveries, by their keys in another table.
pub(crate) fn of_keys(keys: &str) -> String {
    let joined = format!("FROM {keys} CROSS JOIN delivery AS d USING (env, seq, webhook)");
    DELIVERIES.replace("FROM delivery AS d", &joined)
}

/// A page of deliveries.
pub(crate) fn deliveries(
    connection: &Connection,
    env: i64,
    filter: &DeliveryFilter,
    page: Page,
) -> rusqlite::Result<Listed<DeliveryView>> {
    let list = Deliveries { connection, env, filter };
    if let Some(event) = filter.event {
        return list.of_event(event, page);
    }
    if let Some(state) = filter.state
        && state != DeliveryState::Delivered
        && list.in_state(Some(state))? <= FEW
    {
        return list.gathered(state, page);
    }
    let of_state =
        DeliveryFilter { webhook: filter.webhook, state: filter.state, ..Default::default() };
    let known = (of_state == *filter).then(|| list.in_state(filter.state)).transpose()?;
    along(&list, page, known)
}

struct Deliveries<'a> {
    connection: &'a Connection,
    env: i64,
    filter: &'a DeliveryFilter,
}

impl Deliveries<'_> {
    /// How many there are in a state (or in all), to the webhook of the list (or to all).
    fn in_state(&self, state: Option<DeliveryState>) -> rusqlite::Result<u64> {
        let present = match state {
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
        let webhook = self.filter.webhook.map(|webhook| *webhook.as_bytes());
        self.connection
            .prepare_cached(&sql)?
            .query_row(params![self.env, webhook], |row| count(row, "total"))
    }

    /// Adds the filter's webhook and type.
    fn kind(&self, conditions: &mut Conditions) {
        if let Some(webhook) = self.filter.webhook {
            let clause = "d.webhook = (SELECT num FROM webhook WHERE id = ?)";
            conditions.add(clause, *webhook.as_bytes());
        }
        if let Some(event_type) = &self.filter.event_type {
            let clause = "d.type IN (SELECT num FROM event_type WHERE name = ?)";
            conditions.add(clause, event_type.clone());
        }
    }

    /// Adds the filter's ranges of times.
    fn times(&self, conditions: &mut Conditions) {
        conditions.within(self.filter.created, ["d.created_at > ?", "d.created_at < ?"]);
        conditions.within(self.filter.updated, ["d.updated_at > ?", "d.updated_at < ?"]);
    }

    /// The deliveries of one event.
    fn of_event(&self, event: EventId, page: Page) -> rusqlite::Result<Listed<DeliveryView>> {
        let sequence: Option<i64> = self
            .connection
            .prepare_cached("SELECT seq FROM event WHERE env = ?1 AND id = ?2")?
            .query_row(params![self.env, event.as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(sequence) = sequence else { return Ok(Listed::empty()) };
        let mut conditions = Conditions::default();
        conditions.add("d.env = ?", self.env);
        conditions.add("d.seq = ?", sequence);
        if let Some(state) = self.filter.state {
            conditions.add("+d.state = ?", state as u8);
        }
        self.kind(&mut conditions);
        self.times(&mut conditions);
        let total = conditions.total(self.connection, "delivery AS d")?;
        let order = "d.seq DESC, d.webhook DESC";
        let items = conditions.page(self.connection, (DELIVERIES, order), page, delivery)?;
        Ok(Listed { items, total })
    }

    /// The deliveries in a state that few are in, from the index that knows them. Those that are
    /// pending and not due yet are in none, but all of them are behind a watermark.
    fn gathered(&self, state: DeliveryState, page: Page) -> rusqlite::Result<Listed<DeliveryView>> {
        let (index, clause) = match state {
            DeliveryState::Pending => ("delivery_due", "d.state = 0 AND d.due_at IS NOT NULL"),
            _ => ("delivery_unusual", "d.state >= 2"),
        };
        let mut indexed = Conditions::default();
        indexed.add("d.webhook IN (SELECT webhook FROM tally WHERE env = ?)", self.env);
        indexed.clauses.push(clause);
        indexed.add("d.state = ?", state as u8);
        self.kind(&mut indexed);
        self.times(&mut indexed);
        let mut keys = self.keys(&format!("delivery AS d INDEXED BY {index}"), &indexed)?;
        if state == DeliveryState::Pending {
            let mut fresh = Conditions::default();
            fresh.add("d.env = ?", self.env);
            fresh.clauses.push(FRESH);
            self.kind(&mut fresh);
            self.times(&mut fresh);
            keys.extend(self.keys("delivery AS d", &fresh)?);
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let total = keys.len() as u64;
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let page = keys.into_iter().skip(offset).take(page.size() as usize);
        let sql = format!("{DELIVERIES} WHERE d.env = ?1 AND d.seq = ?2 AND d.webhook = ?3");
        let mut query = self.connection.prepare_cached(&sql)?;
        let mut read =
            |(sequence, webhook)| query.query_row([self.env, sequence, webhook], delivery);
        let items: rusqlite::Result<_> = page.map(&mut read).collect();
        Ok(Listed { items: items?, total })
    }

    /// Numbers of events and webhooks.
    fn keys(&self, from: &str, conditions: &Conditions) -> rusqlite::Result<Vec<(i64, i64)>> {
        let sql = format!("SELECT d.seq, d.webhook FROM {from}{}", conditions.clause());
        self.connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// The deliveries of a stretch that are in the list.
    fn within(&self, stretch: &Stretch, end: i64) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.add("d.env = ?", self.env);
        conditions.add("d.seq >= ?", stretch.first);
        conditions.add("d.seq < ?", end);
        if let Some(state) = self.filter.state {
            if self.filter.webhook.is_some() && state > DeliveryState::Delivered {
                // Says again what follows, in the words of the partial index.
                conditions.add("d.state >= 2 AND d.state = ?", state as u8);
            } else {
                conditions.add("+d.state = ?", state as u8);
            }
        }
        self.kind(&mut conditions);
        self.times(&mut conditions);
        conditions
    }
}

/// Pending and in no index: only the latest may be.
pub(crate) const FRESH: &str = "
    d.seq >= (SELECT value FROM meta WHERE name = 'fresh_from')
    AND +d.state = 0 AND +d.due_at IS NULL";

impl Along for Deliveries<'_> {
    type Item = DeliveryView;

    fn connection(&self) -> &Connection {
        self.connection
    }

    fn env(&self) -> i64 {
        self.env
    }

    fn stretches(&self) -> (String, Conditions) {
        let mut conditions = Conditions::default();
        conditions.add("d.env = ?", self.env);
        self.kind(&mut conditions);
        conditions.within(self.filter.created, ["d.newest > ?", "d.oldest < ?"]);
        conditions.within(self.filter.updated, ["d.changed > ?", "d.oldest < ?"]);
        let counted = match self.filter.state {
            None => "pending + delivered + exhausted + held + cancelled",
            Some(state) => state.as_str(),
        };
        let sql = format!(
            "SELECT first, sum({counted}) AS found, min(oldest) AS oldest, max(newest) AS newest,
                 max(changed) AS changed, NULL AS first_id, NULL AS last_id
             FROM delivery_stretch AS d{} GROUP BY first HAVING found > 0 ORDER BY first DESC",
            conditions.clause()
        );
        (sql, conditions)
    }

    fn is_whole(&self, stretch: &Stretch) -> bool {
        let (oldest, newest, changed) = stretch.times;
        has_all(self.filter.created, oldest, newest)
            && has_all(self.filter.updated, oldest, changed)
    }

    fn count(&self, stretch: &Stretch, end: i64) -> rusqlite::Result<u64> {
        self.within(stretch, end).total(self.connection, "delivery AS d")
    }

    fn read(
        &self,
        stretch: &Stretch,
        end: i64,
        (skip, take): (u64, u64),
    ) -> rusqlite::Result<Vec<DeliveryView>> {
        let mut conditions = self.within(stretch, end);
        // Keys first: what is passed over is not joined.
        let sql = format!(
            "WITH page AS MATERIALIZED (
                 SELECT d.env, d.seq, d.webhook FROM delivery AS d{}
                 ORDER BY d.seq DESC, d.webhook DESC LIMIT ? OFFSET ?)
             {} ORDER BY d.seq DESC, d.webhook DESC",
            conditions.clause(),
            of_keys("page"),
        );
        conditions.values.push(Box::new(signed(take)));
        conditions.values.push(Box::new(signed(skip)));
        let mut query = self.connection.prepare_cached(&sql)?;
        query.query_map(params_from_iter(&conditions.values), delivery)?.collect()
    }
}

/// A delivery from its row.
pub(crate) fn delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryView> {
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
        on_request: row.get("on_request")?,
        last_status: row.get("last_status")?,
        last_error: error
            .map(|code| ErrorClass::from_code(code).ok_or_else(|| unknown("error class", code)))
            .transpose()?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
