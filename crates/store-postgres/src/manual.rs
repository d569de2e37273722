//! Attempts made on request: kept in a table of their own, so that what counts and fences the
//! scheduled ones never sees them.

use herald_domain::{attempt::Attempt, delivery::DeliveryState, time::Timestamp};
use herald_store::{MANUAL_KEPT, ManualAttempt, Result};

use crate::{
    PostgresStore, Shared,
    codec::{code, small},
    failure::{Failed, Outcome},
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
    let Some((number, success)) = settled.await? else { return Ok(None) };
    if let Some((webhook, at)) = success {
        store.shared.registry.succeeded(webhook, at);
    }
    Ok(Some(number))
}

/// Its number, and to which webhook it was delivered when.
type Recorded = (u32, Option<(i64, Timestamp)>);

async fn record(tx: &Tx, shared: &Shared, manual: &ManualAttempt) -> Outcome<Option<Recorded>> {
    let Some(env) = shared.registry.env(tx, manual.environment).await? else { return Ok(None) };
    let sql = "SELECT seq, webhook, state FROM delivery WHERE env = $1 AND id = $2 FOR UPDATE";
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
    tallies.write(tx, shared.node.slot()).await?;
    Ok(Some((number, manual.delivered.then_some((row.2, at)))))
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
