//! The list of deliveries.
//!
//! There are three ways through them. Those of one event, those that are delivered, and all of them,
//! are gone *along*, by the key or by the index of a webhook's. What few are in has an index of its
//! own: of what is unusual, each webhook's are read to the depth of the page and merged; of what is
//! pending, all are gathered and sorted, with the fresh ones, which are in no index. If so many are
//! pending that the page is found among all sooner than they are gathered, that list is gone along
//! too.

use herald_domain::{
    delivery::DeliveryState,
    id::{EventId, WebhookId},
};
use herald_store::{DeliveryFilter, DeliveryView, Listed, Page, TimeRange};
use tokio_postgres::Row;

use super::{
    Length, Part, plan_each,
    views::{Key, fresh_from, views},
};
use crate::{
    Shared,
    codec::{count, signed, text},
    conditions::Conditions,
    failure::Outcome,
    transaction::Tx,
};

/// So many pending ones are rather gathered than one passed over, since they may not be spread evenly,
/// and then more have to be passed over than expected.
const GATHERED: u128 = 8;

/// A page of deliveries.
pub(crate) async fn deliveries(
    tx: &Tx,
    shared: &Shared,
    env: i64,
    (filter, page): (&DeliveryFilter, Page),
) -> Outcome<Listed<DeliveryView>> {
    let Some(list) = Deliveries::of(tx, shared, env, filter).await? else {
        return Ok(Listed::empty());
    };
    let ((), told, way) = tokio::try_join!(plan_each(tx), list.told(tx), list.way(tx))?;
    let length =
        if list.is_told() { Length::told(told.in_state) } else { list.count(tx, way).await? };
    let total = length.total;
    let Some(part) = Part::of(page, total) else { return Ok(Listed { items: Vec::new(), total }) };
    let keys = match way {
        Way::Pending { .. } if is_sooner_along(&part, total, told.all) => {
            list.along(tx, &length, &part).await?
        }
        Way::Pending { fresh_from } => list.gathered(tx, fresh_from, &part).await?,
        Way::Unusual => list.merged(tx, &part).await?,
        Way::Along => list.along(tx, &length, &part).await?,
    };
    Ok(Listed { items: views(tx, env, &keys).await?, total })
}

/// Whether a page of so many pending ones among so many is found by passing over the others, if they
/// are spread evenly.
fn is_sooner_along(part: &Part, total: u64, all: u64) -> bool {
    let [depth, total, all] = [part.depth(), total, all].map(u128::from);
    depth * all * GATHERED < total * total
}

/// How a list is gone through.
#[derive(Clone, Copy)]
enum Way {
    Along,
    Unusual,
    /// No event before this has a fresh delivery.
    Pending {
        fresh_from: i64,
    },
}

/// What the books say of an environment, or of one of its webhooks.
struct Told {
    all: u64,
    /// In the state of the list, or in any.
    in_state: u64,
}

struct Deliveries<'a> {
    env: i64,
    /// Numbers of what the filter names by id.
    webhook: Option<i64>,
    event: Option<i64>,
    filter: &'a DeliveryFilter,
}

impl<'a> Deliveries<'a> {
    /// `None` if the webhook or the event is not there.
    async fn of(
        tx: &Tx,
        shared: &Shared,
        env: i64,
        filter: &'a DeliveryFilter,
    ) -> Outcome<Option<Self>> {
        let mut list = Self { env, webhook: None, event: None, filter };
        if let Some(id) = filter.webhook {
            list.webhook = webhook_number(tx, shared, env, id).await?;
        }
        if let Some(id) = filter.event {
            list.event = event_number(tx, env, id).await?;
        }
        let found = filter.webhook.is_none() || list.webhook.is_some();
        let found = found && (filter.event.is_none() || list.event.is_some());
        Ok(found.then_some(list))
    }

    /// Whether the books know how many there are.
    fn is_told(&self) -> bool {
        let of_state = DeliveryFilter {
            webhook: self.filter.webhook,
            state: self.filter.state,
            ..DeliveryFilter::default()
        };
        of_state == *self.filter
    }

    async fn told(&self, tx: &Tx) -> Outcome<Told> {
        let all = "accepted - removed_delivered - removed_exhausted - removed_cancelled";
        let in_state = match self.filter.state {
            Some(DeliveryState::Pending) => "pending",
            Some(DeliveryState::Held) => "held",
            Some(DeliveryState::Delivered) => "delivered - removed_delivered",
            Some(DeliveryState::Exhausted) => "exhausted - removed_exhausted",
            Some(DeliveryState::Cancelled) => "cancelled - removed_cancelled",
            None => all,
        };
        let sql = format!(
            "SELECT coalesce(sum({all}), 0)::bigint AS all_of_them,
                 coalesce(sum({in_state}), 0)::bigint AS in_state
             FROM tally WHERE env = $1 AND ($2::bigint IS NULL OR webhook = $2)"
        );
        let row = tx.query_one(&sql, &[&self.env, &self.webhook]).await?;
        Ok(Told { all: count(&row, "all_of_them")?, in_state: count(&row, "in_state")? })
    }

    async fn way(&self, tx: &Tx) -> Outcome<Way> {
        match self.filter.state {
            _ if self.event.is_some() => Ok(Way::Along),
            None | Some(DeliveryState::Delivered) => Ok(Way::Along),
            Some(DeliveryState::Pending) => Ok(Way::Pending { fresh_from: fresh_from(tx).await? }),
            Some(DeliveryState::Exhausted | DeliveryState::Held | DeliveryState::Cancelled) => {
                Ok(Way::Unusual)
            }
        }
    }

    /// All that is asked for but the state.
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.add("d.env = ?", self.env);
        if let Some(webhook) = self.webhook {
            conditions.add("d.webhook = ?", webhook);
        }
        if let Some(event) = self.event {
            conditions.add("d.seq = ?", event);
        }
        if let Some(event_type) = &self.filter.event_type {
            conditions.add("d.type = ?", text(event_type).into_owned());
        }
        conditions.within(self.filter.created, "d.created_at");
        conditions.within(self.filter.updated, "d.updated_at");
        conditions
    }

    /// The same, and the state in a column that has it.
    fn conditions_by(&self, column: &str) -> Conditions {
        let mut conditions = self.conditions();
        if let Some(state) = self.filter.state {
            conditions.add(&format!("{column} = ?"), state as i16);
        }
        conditions
    }

    async fn count(&self, tx: &Tx, way: Way) -> Outcome<Length> {
        let (from, conditions) = match way {
            Way::Along => {
                let conditions = self.conditions_by("d.state");
                (format!("delivery AS d{}", conditions.clause()), conditions)
            }
            Way::Unusual => {
                let conditions = self.conditions_by("d.unusual");
                (format!("delivery AS d{}", conditions.clause()), conditions)
            }
            Way::Pending { fresh_from } => {
                let mut conditions = self.conditions();
                let pending = pending(&mut conditions, fresh_from);
                (format!("({pending}) AS pending"), conditions)
            }
        };
        let sql =
            format!("SELECT count(*) AS total, min(seq) AS first, max(seq) AS last FROM {from}");
        Length::counted(&tx.query_one(&sql, &conditions.values()).await?)
    }

    /// By an index that is in the order of the list.
    async fn along(&self, tx: &Tx, length: &Length, part: &Part) -> Outcome<Vec<Key>> {
        let mut conditions = self.conditions_by("d.state");
        length.require("d.seq", &mut conditions);
        let from = format!("delivery AS d{}", conditions.clause());
        if self.filter.created != TimeRange::default() {
            // Nearly all between the first and the last were made in that time. The planner, who does
            // not know it, expects few, and would find them by blocks and sort them.
            tx.batch("SET LOCAL enable_sort = off").await?;
        }
        keys(tx, &from, conditions, part).await
    }

    /// From the index of what is unusual, which is in the order of the list for one webhook.
    async fn merged(&self, tx: &Tx, part: &Part) -> Outcome<Vec<Key>> {
        let mut conditions = self.conditions_by("d.unusual");
        let depth = conditions.value(signed(part.depth()));
        let from = format!(
            "(SELECT DISTINCT webhook AS num FROM tally WHERE env = $1) AS w
             CROSS JOIN LATERAL (
                 SELECT d.seq, d.webhook FROM delivery AS d{} AND d.webhook = w.num
                 ORDER BY d.seq {} LIMIT {depth}) AS of_it",
            conditions.clause(),
            part.order()
        );
        keys(tx, &from, conditions, part).await
    }

    /// From the index of what is due, and from the latest, which may be fresh.
    async fn gathered(&self, tx: &Tx, fresh_from: i64, part: &Part) -> Outcome<Vec<Key>> {
        let mut conditions = self.conditions();
        let pending = pending(&mut conditions, fresh_from);
        keys(tx, &format!("({pending}) AS pending"), conditions, part).await
    }
}

/// What is pending, under these conditions.
fn pending(conditions: &mut Conditions, fresh_from: i64) -> String {
    let clause = conditions.clause();
    let fresh_from = conditions.value(fresh_from);
    format!(
        "SELECT d.seq, d.webhook FROM delivery AS d{clause} AND d.due_at IS NOT NULL
         UNION ALL
         SELECT d.seq, d.webhook FROM delivery AS d{clause}
             AND d.seq >= {fresh_from} AND d.state = 0 AND d.due_at IS NULL"
    )
}

/// The part's keys, newest first.
async fn keys(tx: &Tx, from: &str, mut conditions: Conditions, part: &Part) -> Outcome<Vec<Key>> {
    let limit = part.limit(&mut conditions);
    let order = part.order();
    let sql =
        format!("SELECT seq, webhook FROM {from} ORDER BY seq {order}, webhook {order} {limit}");
    let rows = tx.query(&sql, &conditions.values()).await?;
    let key = |row: &Row| Ok((row.try_get("seq")?, row.try_get("webhook")?));
    Ok(part.newest_first(rows.iter().map(key).collect::<Outcome<_>>()?))
}

/// The number of a webhook of this environment, deleted or not.
pub(crate) async fn webhook_number(
    tx: &Tx,
    shared: &Shared,
    env: i64,
    id: WebhookId,
) -> Outcome<Option<i64>> {
    let found = shared.registry.webhook(tx, id).await?;
    Ok(found.filter(|(of, _)| *of == env).map(|(_, num)| num))
}

async fn event_number(tx: &Tx, env: i64, id: EventId) -> Outcome<Option<i64>> {
    let sql = "SELECT seq FROM event WHERE env = $1 AND id = $2";
    let row = tx.query_opt(sql, &[&env, &&id.as_bytes()[..]]).await?;
    Ok(row.map(|row| row.try_get("seq")).transpose()?)
}
