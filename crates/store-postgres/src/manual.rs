//! Attempts made on request: kept in a table of their own, so that what counts and fences the
//! scheduled ones never sees them.

use herald_domain::{
    attempt::Attempt,
    delivery::DeliveryState,
    id::{EventId, WebhookId},
    time::Timestamp,
};
use herald_store::{MANUAL_KEPT, ManualAttempt, Result, Signal};

use crate::{
    PostgresStore, Shared,
    codec::{code, object_id, small},
    failure::{Failed, Outcome},
    node::Work,
    settling::{DeliveryRow, insert_attempt, last_answer},
    tally::Tallies,
    transaction::Tx,
};

/// Records an attempt that was made on request. Answers its number; `None` if the delivery is gone.
pub(crate) async fn settle(store: &PostgresStore, manual: ManualAttempt) -> Result<Option<u32>> {
    let given = (store.shared.clone(), manual);
    let settled = store.write(given, |tx, given| async move {
        let (shared, manual) = &*given;
        record(&tx, shared, manual).await
    });
    let Some(Recorded { number, success, held_elsewhere }) = settled.await? else {
        return Ok(None);
    };
    if let Some((webhook, at)) = success {
        store.shared.registry.succeeded(webhook, at);
    }
    if let Some((webhook, event)) = held_elsewhere {
        store.shared.signals.tell(Signal::Delivered(webhook, event));
    }
    Ok(Some(number))
}

struct Recorded {
    number: u32,
    /// To which webhook it was delivered when.
    success: Option<(i64, Timestamp)>,
    /// What another node has in memory, and need not send any more.
    held_elsewhere: Option<(WebhookId, EventId)>,
}

async fn record(tx: &Tx, shared: &Shared, manual: &ManualAttempt) -> Outcome<Option<Recorded>> {
    let Some(env) = shared.registry.env(tx, manual.environment).await? else { return Ok(None) };
    let sql = "SELECT d.seq, d.webhook, d.state, d.claimed_by, w.id AS webhook_id, e.id AS event_id
               FROM delivery AS d
               JOIN webhook AS w ON w.num = d.webhook
               JOIN event AS e ON e.env = d.env AND e.seq = d.seq
               WHERE d.env = $1 AND d.id = $2 FOR UPDATE OF d";
    let found = tx.query_opt(sql, &[&env, &&manual.delivery.as_bytes()[..]]).await?;
    let Some(found) = found else { return Ok(None) };
    let row = (env, found.try_get("seq")?, found.try_get("webhook")?);
    let state = code(&found, "state")?;
    let state = DeliveryState::from_code(state)
        .ok_or_else(|| Failed::corrupt(format!("state {state} of a delivery")))?;
    let number = keep(tx, row, &manual.attempt).await?;
    let (of, at) = ((env, row.2), manual.attempt.ended_at());
    let mut tallies = Tallies::default();
    tallies.attempt(of, &manual.attempt);
    if manual.delivered {
        tallies.succeeded(of, at);
        if state != DeliveryState::Delivered {
            deliver(tx, row, &manual.attempt).await?;
            tallies.moved(of, state, DeliveryState::Delivered);
        }
    }
    tallies.write(tx, shared.node.slot(Work::Other)).await?;
    let holder: Option<i64> = found.try_get("claimed_by")?;
    let is_elsewhere = holder.is_some_and(|lease| lease != shared.node.lease());
    let held_elsewhere = if manual.delivered && is_elsewhere {
        let webhook = WebhookId(object_id(&found, "webhook_id")?);
        Some((webhook, EventId(object_id(&found, "event_id")?)))
    } else {
        None
    };
    let success = manual.delivered.then_some((row.2, at));
    Ok(Some(Recorded { number, success, held_elsewhere }))
}

/// Keeps the attempt, and only the last ones before it; answers its number.
async fn keep(tx: &Tx, row: DeliveryRow, attempt: &Attempt) -> Outcome<u32> {
    let (env, sequence, webhook) = row;
    let sql = "SELECT coalesce(max(number), 0) + 1 AS number FROM manual_attempt
               WHERE env = $1 AND seq = $2 AND webhook = $3";
    let number = small(&tx.query_one(sql, &[&env, &sequence, &webhook]).await?, "number")?;
    insert_attempt(tx, "manual_attempt", row, (number, attempt)).await?;
    let sql = "DELETE FROM manual_attempt
               WHERE env = $1 AND seq = $2 AND webhook = $3 AND number <= $4";
    let last_forgotten = number.cast_signed() - MANUAL_KEPT.cast_signed();
    tx.execute(sql, &[&env, &sequence, &webhook, &last_forgotten]).await?;
    Ok(number)
}

/// The delivery is delivered by this attempt. Who holds it stays in the row: a scheduled attempt that
/// is in flight will find it so, and is recorded.
async fn deliver(tx: &Tx, (env, seq, webhook): DeliveryRow, attempt: &Attempt) -> Outcome<()> {
    let sql = "UPDATE delivery SET state = 1, due_at = NULL, updated_at = $4, last_status = $5,
                   last_error = $6
               WHERE env = $1 AND seq = $2 AND webhook = $3";
    let (status, error) = last_answer(attempt);
    let at = attempt.ended_at().millis();
    tx.execute(sql, &[&env, &seq, &webhook, &at, &status, &error]).await?;
    Ok(())
}
