//! Deliveries as people see them, by their keys.

use herald_domain::{
    attempt::ErrorClass,
    delivery::DeliveryState,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::DeliveryView;
use tokio_postgres::Row;

use super::plan_each;
use crate::{
    codec::{self, code, maybe_code, maybe_time, object_id, small, time},
    failure::{Failed, Outcome},
    transaction::Tx,
};

/// Names a delivery in its environment: the numbers of its event and of its webhook.
pub(super) type Key = (i64, i64);

const COLUMNS: &str = "
    d.id, e.id AS event, d.type, w.id AS webhook, d.state, d.attempts,
    CASE WHEN d.state = 0 THEN coalesce(d.due_at, d.created_at) END AS due_at,
    d.last_status, d.last_error, d.created_at, d.updated_at,
    -- Asked of the few that have attempts on request at all: those are a small table.
    d.state = 1 AND EXISTS (
        SELECT 1 FROM manual_attempt AS m
        WHERE m.env = d.env AND m.seq = d.seq AND m.webhook = d.webhook
    ) AND NOT EXISTS (
        SELECT 1 FROM attempt AS a
        WHERE a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook
            AND a.number = d.attempts AND a.status BETWEEN 200 AND 299
    ) AS on_request";

/// What belongs to the delivery `d`.
const JOINED: &str = "
    JOIN event AS e ON e.env = d.env AND e.seq = d.seq
    JOIN webhook AS w ON w.num = d.webhook";

/// The delivery with this id.
pub(crate) async fn view(tx: &Tx, env: i64, id: DeliveryId) -> Outcome<Option<DeliveryView>> {
    let sql =
        format!("SELECT {COLUMNS} FROM delivery AS d {JOINED} WHERE d.env = $1 AND d.id = $2");
    let row = tx.query_opt(&sql, &[&env, &&id.as_bytes()[..]]).await?;
    row.as_ref().map(delivery).transpose()
}

/// The deliveries with these keys, in their order.
pub(crate) async fn views(tx: &Tx, env: i64, keys: &[Key]) -> Outcome<Vec<DeliveryView>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}
         FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS page (seq, webhook, place)
         JOIN delivery AS d ON d.env = $1 AND d.seq = page.seq AND d.webhook = page.webhook
         {JOINED} ORDER BY page.place"
    );
    let (sequences, webhooks): (Vec<i64>, Vec<i64>) = keys.iter().copied().unzip();
    let rows = tx.query(&sql, &[&env, &sequences, &webhooks]).await?;
    rows.iter().map(delivery).collect()
}

/// The pending deliveries of a webhook that are due first: those in the index of what is due, in its
/// order, and the fresh ones, which are due since they were made.
pub(crate) async fn next_attempts(
    tx: &Tx,
    (env, webhook): (i64, i64),
    limit: usize,
) -> Outcome<Vec<DeliveryView>> {
    let ((), fresh_from) = tokio::try_join!(plan_each(tx), fresh_from(tx))?;
    let sql = "SELECT seq FROM (
                   (SELECT d.due_at, d.seq FROM delivery AS d
                    WHERE d.env = $1 AND d.webhook = $2 AND d.due_at IS NOT NULL
                    ORDER BY d.due_at, d.seq LIMIT $4)
                   UNION ALL
                   (SELECT d.created_at, d.seq FROM delivery AS d
                    WHERE d.env = $1 AND d.webhook = $2 AND d.seq >= $3 AND d.state = 0
                        AND d.due_at IS NULL
                    ORDER BY d.created_at, d.seq LIMIT $4)) AS next
               ORDER BY due_at, seq LIMIT $4";
    let rows = tx.query(sql, &[&env, &webhook, &fresh_from, &codec::limit(limit)]).await?;
    let key = |row: &Row| Ok((row.try_get("seq")?, webhook));
    let keys: Vec<Key> = rows.iter().map(key).collect::<Outcome<_>>()?;
    views(tx, env, &keys).await
}

/// No event before this has a fresh delivery, whichever node holds it; without a node there is none.
/// A value of its own, so that what is behind it is known to be little when it is sought.
pub(super) async fn fresh_from(tx: &Tx) -> Outcome<i64> {
    let sql = "SELECT coalesce(min(fresh_from), $1) AS fresh_from FROM node";
    Ok(tx.query_one(sql, &[&i64::MAX]).await?.try_get("fresh_from")?)
}

/// A delivery from its row.
fn delivery(row: &Row) -> Outcome<DeliveryView> {
    let unknown = |what: &str, code: u8| Failed::corrupt(format!("{what} {code} of a delivery"));
    let state = code(row, "state")?;
    let error = maybe_code::<u8>(row, "last_error")?;
    Ok(DeliveryView {
        id: DeliveryId(object_id(row, "id")?),
        event: EventId(object_id(row, "event")?),
        event_type: row.try_get("type")?,
        webhook: WebhookId(object_id(row, "webhook")?),
        state: DeliveryState::from_code(state).ok_or_else(|| unknown("state", state))?,
        attempts: small(row, "attempts")?,
        due_at: maybe_time(row, "due_at")?,
        on_request: row.try_get("on_request")?,
        last_status: maybe_code(row, "last_status")?,
        last_error: error
            .map(|code| ErrorClass::from_code(code).ok_or_else(|| unknown("error class", code)))
            .transpose()?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
