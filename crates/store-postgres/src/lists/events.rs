//! The list of events.

use bytes::Bytes;
use herald_domain::{event::Event, id::EventId};
use herald_store::{EventFilter, Listed, Page, TimeRange};
use tokio_postgres::Row;

use super::{Length, Part, plan_each};
use crate::{
    codec::{count, object_id, text, time},
    conditions::Conditions,
    failure::Outcome,
    transaction::Tx,
};

pub(crate) const EVENTS: &str =
    "SELECT e.id, e.type, e.resource, e.created_at, e.body FROM event AS e";

/// A page of events.
pub(crate) async fn events(
    tx: &Tx,
    env: i64,
    filter: &EventFilter,
    page: Page,
) -> Outcome<Listed<Event>> {
    let ((), (told, list)) = tokio::try_join!(plan_each(tx), Events::of(tx, env, filter))?;
    let length = if filter.created == TimeRange::default() {
        Length::told(told)
    } else {
        list.count(tx).await?
    };
    let total = length.total;
    let Some(part) = Part::of(page, total) else { return Ok(Listed { items: Vec::new(), total }) };
    let numbers = list.numbers(tx, &length, &part).await?;
    let sql = format!(
        "{EVENTS} JOIN unnest($2::bigint[]) WITH ORDINALITY AS page (seq, place) ON page.seq = e.seq
         WHERE e.env = $1 ORDER BY page.place"
    );
    let rows = tx.query(&sql, &[&env, &numbers]).await?;
    Ok(Listed { items: rows.iter().map(event).collect::<Outcome<_>>()?, total })
}

struct Events {
    env: i64,
    /// Of any type, or of these. A kind of resource is the types that are about it, so that the key
    /// alone says what is in the list: it includes the type and the time.
    types: Option<Vec<String>>,
    created: TimeRange,
}

impl Events {
    /// With how many events the books know of these types.
    async fn of(tx: &Tx, env: i64, filter: &EventFilter) -> Outcome<(u64, Self)> {
        let sql = "SELECT coalesce(sum(count), 0)::bigint AS total,
                       coalesce(array_agg(DISTINCT type), '{}') AS types
                   FROM event_tally
                   WHERE env = $1 AND ($2::text IS NULL OR type = $2)
                       AND ($3::text IS NULL OR resource = $3)";
        let event_type = filter.event_type.as_deref().map(text);
        let resource = filter.resource_type.as_deref().map(text);
        let row = tx.query_one(sql, &[&env, &event_type, &resource]).await?;
        let types = (event_type.is_some() || resource.is_some()).then(|| row.try_get("types"));
        let list = Self { env, types: types.transpose()?, created: filter.created };
        Ok((count(&row, "total")?, list))
    }

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.add("e.env = ?", self.env);
        if let Some(types) = &self.types {
            conditions.add("e.type = ANY (?)", types.clone());
        }
        conditions.within(self.created, "e.created_at");
        conditions
    }

    async fn count(&self, tx: &Tx) -> Outcome<Length> {
        let conditions = self.conditions();
        let sql = format!(
            "SELECT count(*) AS total, min(e.seq) AS first, max(e.seq) AS last FROM event AS e{}",
            conditions.clause()
        );
        Length::counted(&tx.query_one(&sql, &conditions.values()).await?)
    }

    /// The numbers of the page's events, newest first.
    async fn numbers(&self, tx: &Tx, length: &Length, part: &Part) -> Outcome<Vec<i64>> {
        let mut conditions = self.conditions();
        length.require("e.seq", &mut conditions);
        let limit = part.limit(&mut conditions);
        let sql = format!(
            "SELECT e.seq FROM event AS e{} ORDER BY e.seq {} {limit}",
            conditions.clause(),
            part.order()
        );
        let rows = tx.query(&sql, &conditions.values()).await?;
        let numbers = rows.iter().map(|row| Ok(row.try_get("seq")?));
        Ok(part.newest_first(numbers.collect::<Outcome<_>>()?))
    }
}

/// An event from its row.
pub(crate) fn event(row: &Row) -> Outcome<Event> {
    let body: &[u8] = row.try_get("body")?;
    Ok(Event {
        id: EventId(object_id(row, "id")?),
        event_type: row.try_get("type")?,
        resource_type: row.try_get("resource")?,
        created_at: time(row, "created_at")?,
        body: Bytes::copy_from_slice(body),
    })
}
