//! The list of events.

use bytes::Bytes;
use herald_domain::{event::Event, id::EventId};
use herald_store::{EventFilter, Listed, Page, TimeRange};
use rusqlite::{Connection, Row, params_from_iter};

use super::{Along, Stretch, along, has_all};
use crate::{
    codec::{count, object_id, signed, time},
    conditions::Conditions,
};

/// Up to so many events of a stretch are gone through one by one, with what else is stored of them;
/// of more, the numbers are gathered from the index first.
#[cfg(not(debug_assertions))]
const NEAR: u64 = 2_000;

/// The same.
#[cfg(debug_assertions)]
const NEAR: u64 = 3;

pub(crate) const EVENTS: &str = "
    SELECT e.id, t.name AS type, t.resource, e.created_at, e.body
    FROM event AS e JOIN event_type AS t ON t.num = e.type";

/// A page of events.
pub(crate) fn events(
    connection: &Connection,
    env: i64,
    filter: &EventFilter,
    page: Page,
) -> rusqlite::Result<Listed<Event>> {
    let list = Events { connection, env, filter };
    let known = (filter.created == TimeRange::default()).then(|| list.tallied()).transpose()?;
    along(&list, page, known)
}

struct Events<'a> {
    connection: &'a Connection,
    env: i64,
    filter: &'a EventFilter,
}

impl Events<'_> {
    /// Those of a table that has an environment and a type.
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.add("e.env = ?", self.env);
        if let Some(event_type) = &self.filter.event_type {
            let clause = "e.type IN (SELECT num FROM event_type WHERE name = ?)";
            conditions.add(clause, event_type.clone());
        }
        if let Some(resource) = &self.filter.resource_type {
            let clause = "e.type IN (SELECT num FROM event_type WHERE resource = ?)";
            conditions.add(clause, resource.clone());
        }
        conditions
    }

    fn tallied(&self) -> rusqlite::Result<u64> {
        let conditions = self.conditions();
        let clause = conditions.clause();
        let sql = format!("SELECT coalesce(sum(count), 0) AS total FROM event_tally AS e{clause}");
        self.connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&conditions.values), |row| count(row, "total"))
    }

    /// The events of a stretch that are in the list.
    fn within(&self, stretch: &Stretch, end: i64) -> Conditions {
        let mut conditions = self.conditions();
        conditions.add("e.seq >= ?", stretch.first);
        conditions.add("e.seq < ?", end);
        if let Some((first, last)) = &stretch.ids {
            conditions.add("e.id >= ?", first.clone());
            conditions.add("e.id <= ?", last.clone());
        }
        let created = ["e.created_at > ?", "e.created_at < ?"];
        conditions.within(self.filter.created, created);
        conditions
    }
}

impl Along for Events<'_> {
    type Item = Event;

    fn connection(&self) -> &Connection {
        self.connection
    }

    fn env(&self) -> i64 {
        self.env
    }

    fn stretches(&self) -> (String, Conditions) {
        let mut conditions = self.conditions();
        conditions.within(self.filter.created, ["e.newest > ?", "e.oldest < ?"]);
        let sql = format!(
            "SELECT first, sum(count) AS found, min(oldest) AS oldest, max(newest) AS newest,
                 max(newest) AS changed, min(first_id) AS first_id, max(last_id) AS last_id
             FROM event_stretch AS e{} GROUP BY first HAVING found > 0 ORDER BY first DESC",
            conditions.clause()
        );
        (sql, conditions)
    }

    fn is_whole(&self, stretch: &Stretch) -> bool {
        let (oldest, newest, _) = stretch.times;
        has_all(self.filter.created, oldest, newest)
    }

    fn count(&self, stretch: &Stretch, end: i64) -> rusqlite::Result<u64> {
        self.within(stretch, end).total(self.connection, "event AS e NOT INDEXED")
    }

    fn read(
        &self,
        stretch: &Stretch,
        end: i64,
        (skip, take): (u64, u64),
    ) -> rusqlite::Result<Vec<Event>> {
        let mut conditions = self.within(stretch, end);
        // How many have to be gone through, if those in the list are spread evenly.
        let length = end.saturating_sub(stretch.first).cast_unsigned();
        let through = (skip + take).saturating_mul(length) / stretch.found.max(1);
        let by = if through <= NEAR { "NOT INDEXED" } else { "INDEXED BY event_id" };
        let sql = format!(
            "{EVENTS} WHERE e.seq IN
                 (SELECT e.seq FROM event AS e {by}{} ORDER BY e.seq DESC LIMIT ? OFFSET ?)
             ORDER BY e.seq DESC",
            conditions.clause()
        );
        conditions.values.push(Box::new(signed(take)));
        conditions.values.push(Box::new(signed(skip)));
        let mut query = self.connection.prepare_cached(&sql)?;
        query.query_map(params_from_iter(&conditions.values), event)?.collect()
    }
}

/// An event from its row.
pub(crate) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: EventId(object_id(row, "id")?),
        event_type: row.get("type")?,
        resource_type: row.get("resource")?,
        created_at: time(row, "created_at")?,
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
    })
}
