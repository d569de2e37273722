//! Webhooks as people are shown them: with the delivery that makes them fail, if there is one.

use herald_domain::{
    id::{AccountId, DeliveryId},
    webhook::{Failing, Webhook},
};
use tokio_postgres::Row;

use crate::{
    codec::{object_id, small, time},
    failure::Outcome,
    registry::{SUCCEEDED_AT, webhook},
};

/// That the delivery `d` still makes its webhook `w` fail, whose last success is the given one.
pub(crate) fn holds(succeeded_at: &str) -> String {
    format!(
        "d.state = 0 AND d.restarted < w.failing_attempts
         AND coalesce({succeeded_at} < w.failing_spared_from, true)"
    )
}

/// The query for those webhooks `w` of which this is true.
pub(crate) fn shown_where(condition: &str) -> String {
    let holds = holds(SUCCEEDED_AT);
    format!(
        "SELECT w.id, w.env, w.description, w.url, w.enabled, w.events, w.secret,
             w.previous_secret, w.rotation_until, w.rotation_switched,
             w.disabled_reason, w.disabled_at, w.created_at, w.updated_at,
             w.failing_since, w.failing_left, w.failing_last_at, d.id AS failing_delivery
         FROM webhook AS w
         LEFT JOIN delivery AS d ON w.enabled AND d.env = w.env AND d.seq = w.failing_seq
             AND d.webhook = w.num AND {holds}
         WHERE {condition}"
    )
}

/// A webhook from a row of [`shown_where`].
pub(crate) fn shown(row: &Row, account: AccountId) -> Outcome<Webhook> {
    Ok(Webhook { failing: failing(row)?, ..webhook(row, account)? })
}

fn failing(row: &Row) -> Outcome<Option<Failing>> {
    let delivery: Option<&[u8]> = row.try_get("failing_delivery")?;
    if delivery.is_none() {
        return Ok(None);
    }
    Ok(Some(Failing {
        delivery: DeliveryId(object_id(row, "failing_delivery")?),
        since: time(row, "failing_since")?,
        attempts_left: small(row, "failing_left")?,
        last_attempt_at: time(row, "failing_last_at")?,
    }))
}
