//! Settling: attempts are recorded with what follows from them.
//!
//! Many are settled by one statement, which moves each delivery that is still as its settlement says,
//! and keeps its attempt. What it does not move is looked at one by one: it was cancelled or delivered
//! meanwhile, or it is somebody else's.

use std::{collections::HashSet, sync::Arc};

use herald_domain::{
    attempt::Attempt, delivery::DeliveryState, id::WebhookId, notice::Warning, time::Timestamp,
    webhook::Webhook,
};
use herald_store::{
    After, Result, Settled, Settlement, Signal,
    codec::{AnswerColumns, encode_address, encode_signatures},
};

use crate::{
    PostgresStore, Shared,
    codec::{code, int, text},
    failure::{Failed, Outcome},
    node::Work,
    notices::{self, Warnings},
    tally::Tallies,
    transaction::Tx,
    webhooks,
};

/// Environment, event and webhook of a delivery, as numbers.
pub(crate) type DeliveryRow = (i64, i64, i64);

/// Records attempts with what follows from them.
pub(crate) async fn settle(
    store: &PostgresStore,
    settlements: Arc<[Settlement]>,
) -> Result<Settled> {
    let shared = &store.shared;
    let given = (shared.clone(), settlements.clone());
    let (settled, successes) = store
        .write(given, |tx, given| async move {
            let (shared, settlements) = &*given;
            let mut tallies = Tallies::default();
            let settled = settle_all(&tx, shared, settlements, &mut tallies).await?;
            tallies.write(&tx, shared.node.slot(Work::Other)).await?;
            let successes: Vec<(i64, Timestamp)> = tallies.successes().collect();
            Ok((settled, successes))
        })
        .await?;
    for (webhook, at) in successes {
        shared.registry.succeeded(webhook, at);
    }
    for webhook in &settled.disabled {
        shared.signals.tell(Signal::WebhookChanged(webhook.id));
    }
    let told = |id: &WebhookId| settlements.iter().any(|one| one.notices && one.key.webhook == *id);
    if settled.warned.iter().any(told) || settled.disabled.iter().any(|one| told(&one.id)) {
        shared.signals.tell(Signal::NoticeWaits);
    }
    Ok(settled)
}

/// Applies what was decided, in the given transaction; the books are for the caller to write.
pub(crate) async fn settle_all(
    tx: &Tx,
    shared: &Arc<Shared>,
    settlements: &[Settlement],
    tallies: &mut Tallies,
) -> Outcome<Settled> {
    lock_webhooks(tx, shared, settlements).await?;
    let (warnings, settled) = (Warnings::default(), Settled::default());
    let mut settling = Settling { tx, shared, tallies, warnings, settled };
    let mut rest = settlements;
    while !rest.is_empty() {
        let (run, others) = rest.split_at(run_length(rest));
        settling.run(run).await?;
        rest = others;
    }
    Ok(settling.settled)
}

/// Locks the webhooks that may be changed, if there are several, in the order in which everybody does:
/// two nodes do not wait for each other in a ring.
async fn lock_webhooks(tx: &Tx, shared: &Shared, settlements: &[Settlement]) -> Outcome<()> {
    let touched = settlements.iter().filter(|one| touches_webhook(one));
    let touched: HashSet<WebhookId> = touched.map(|one| one.key.webhook).collect();
    if touched.len() < 2 {
        return Ok(());
    }
    let (mut envs, mut numbers) = (Vec::new(), Vec::new());
    for id in touched {
        if let Some((env, number)) = shared.registry.webhook(tx, id).await? {
            envs.push(env);
            numbers.push(number);
        }
    }
    webhooks::lock_environments(tx, &envs).await?;
    let sql = "SELECT FROM webhook WHERE num = ANY($1) ORDER BY num FOR NO KEY UPDATE";
    tx.query(sql, &[&numbers]).await?;
    Ok(())
}

/// How many settlements from the first one on have no effect on each other: each delivery once, none
/// that may disable its webhook, unless it is alone; and after a warning, only what is tried again:
/// what ends may be what makes the webhook fail.
fn run_length(settlements: &[Settlement]) -> usize {
    let (mut seen, mut warned) = (HashSet::new(), HashSet::new());
    let alike = settlements.iter().take_while(|one| {
        let webhook = one.key.webhook;
        if one.warning.is_some() {
            warned.insert(webhook);
        }
        let ends = !matches!(one.after, After::Retry { .. });
        let waits = disables(one) || (ends && warned.contains(&webhook));
        !waits && seen.insert((one.key.sequence, webhook))
    });
    alike.count().max(1)
}

fn disables(settlement: &Settlement) -> bool {
    matches!(settlement.after, After::Exhausted { disable: Some(_) })
}

fn touches_webhook(settlement: &Settlement) -> bool {
    settlement.warning.is_some() || disables(settlement)
}

struct Settling<'a> {
    tx: &'a Tx,
    shared: &'a Arc<Shared>,
    tallies: &'a mut Tallies,
    warnings: Warnings,
    settled: Settled,
}

impl Settling<'_> {
    async fn run(&mut self, run: &[Settlement]) -> Outcome<()> {
        let mut known = Vec::with_capacity(run.len());
        for settlement in run {
            match self.shared.registry.webhook(self.tx, settlement.key.webhook).await? {
                Some((env, webhook)) => {
                    let row = (env, settlement.key.sequence.cast_signed(), webhook);
                    known.push((row, settlement));
                }
                None => self.settled.stale += 1,
            }
        }
        let moved = move_all(self.tx, &known).await?;
        for (place, (row, settlement)) in known.into_iter().enumerate() {
            if moved.contains(&place) {
                self.moved(row, settlement).await?;
            } else {
                self.late(row, settlement).await?;
            }
        }
        Ok(())
    }

    /// The books, and the webhook, of a delivery that was moved.
    async fn moved(&mut self, row: DeliveryRow, settlement: &Settlement) -> Outcome<()> {
        let (env, _, webhook) = row;
        let state = state_after(&settlement.after);
        self.tallies.attempt((env, webhook), &settlement.attempt);
        if state == DeliveryState::Delivered {
            self.tallies.succeeded((env, webhook), settlement.attempt.ended_at());
        }
        self.tallies.moved((env, webhook), DeliveryState::Pending, state);
        if state != DeliveryState::Pending {
            self.warnings.forget((env, webhook));
        }
        match &settlement.after {
            After::Exhausted { disable: Some(reason) } => {
                if let Some(disabled) = self.disable(settlement, reason).await? {
                    notices::note_disabled(self.tx, self.shared, row, settlement, &disabled)
                        .await?;
                    self.settled.disabled.push(disabled);
                }
            }
            After::Retry { .. } => {
                if let Some(warning) = &settlement.warning
                    && self.warn(row, (settlement, warning)).await?
                {
                    self.settled.warned.push(settlement.key.webhook);
                }
            }
            After::Delivered | After::Exhausted { disable: None } => {}
        }
        Ok(())
    }

    async fn warn(&mut self, row: DeliveryRow, of: (&Settlement, &Warning)) -> Outcome<bool> {
        let books = (&mut self.warnings, &*self.tallies);
        notices::warn(self.tx, self.shared, books, row, of).await
    }

    async fn disable(&mut self, settlement: &Settlement, reason: &str) -> Outcome<Option<Webhook>> {
        let key = settlement.key;
        let (tx, shared) = (self.tx, self.shared);
        let found = webhooks::find_for_update(tx, shared, key.environment, key.webhook).await?;
        let Some(webhook) = found.filter(|webhook| webhook.enabled) else { return Ok(None) };
        let disabled = webhook.given_up(reason.to_owned(), settlement.attempt.ended_at());
        webhooks::save(tx, shared.node.lease(), &disabled).await?;
        Ok(Some(disabled))
    }

    /// A delivery that was not moved: if it was cancelled, or delivered on request, while this attempt
    /// was in flight, the attempt is recorded, and a success makes it delivered. Otherwise it is
    /// somebody else's by now.
    async fn late(&mut self, row: DeliveryRow, settlement: &Settlement) -> Outcome<()> {
        let Some(from) = self.state_while_held(row, settlement).await? else {
            self.settled.stale += 1;
            return Ok(());
        };
        let (env, sequence, webhook) = row;
        self.warnings.forget((env, webhook));
        let attempt = &settlement.attempt;
        let delivered = settlement.after == After::Delivered;
        let state = if delivered { DeliveryState::Delivered } else { from };
        let sql = "UPDATE delivery SET state = $4, attempts = $5, updated_at = $6,
                       last_status = $7, last_error = $8
                   WHERE env = $1 AND seq = $2 AND webhook = $3";
        let (status, error) = last_answer(attempt);
        let values: &[crate::transaction::Value<'_>] = &[
            &env,
            &sequence,
            &webhook,
            &(state as i16),
            &int(settlement.number),
            &attempt.ended_at().millis(),
            &status,
            &error,
        ];
        self.tx.execute(sql, values).await?;
        insert_attempt(self.tx, "attempt", row, (settlement.number, attempt)).await?;
        self.tallies.attempt((env, webhook), attempt);
        if delivered {
            self.tallies.succeeded((env, webhook), attempt.ended_at());
        }
        if from == DeliveryState::Cancelled && delivered {
            self.tallies.moved((env, webhook), from, state);
        } else {
            self.settled.stale += 1;
        }
        Ok(())
    }

    /// The state of a delivery that is not pending any more, if this settlement is of its next
    /// attempt, by who held it. Locks it.
    async fn state_while_held(
        &self,
        (env, sequence, webhook): DeliveryRow,
        settlement: &Settlement,
    ) -> Outcome<Option<DeliveryState>> {
        let sql = "SELECT state FROM delivery
                   WHERE env = $1 AND seq = $2 AND webhook = $3 AND state IN (1, 4)
                       AND attempts = $4 - 1 AND claimed_by = $5 AND id = $6
                       AND EXISTS (SELECT 1 FROM node WHERE lease = $5)
                   FOR UPDATE";
        let lease = settlement.key.lease.0.cast_signed();
        let (number, id) = (int(settlement.number), &settlement.key.delivery.as_bytes()[..]);
        let values: &[crate::transaction::Value<'_>] =
            &[&env, &sequence, &webhook, &number, &lease, &id];
        let found = self.tx.query_opt(sql, values).await?;
        let Some(row) = found else { return Ok(None) };
        let state = code(&row, "state")?;
        let known = DeliveryState::from_code(state);
        known.map(Some).ok_or_else(|| Failed::corrupt(format!("state {state} of a delivery")))
    }
}

fn state_after(after: &After) -> DeliveryState {
    match after {
        After::Delivered => DeliveryState::Delivered,
        After::Retry { .. } => DeliveryState::Pending,
        After::Exhausted { .. } => DeliveryState::Exhausted,
    }
}

/// The fence is in the update itself: it moves a delivery only if it is this one, pending, this is its
/// next attempt, and it is still held under the lease of the attempt, which nobody has ended.
const MOVE: &str = "
    WITH ended AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[],
            $5::bigint[], $6::smallint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
            $11::bigint[], $12::smallint[], $13::smallint[], $14::boolean[], $15::text[],
            $16::bytea[], $17::bytea[], $18::text[], $19::bytea[], $20::bytea[], $21::smallint[],
            $22::bytea[])
            WITH ORDINALITY AS ended (env, seq, webhook, number, lease, state, due_at, ended_at,
                started_at, nanos, signed_at, status, error, truncated, url, address, signatures,
                detail, headers, body, last_error, id,
                place)),
    moved AS (
        UPDATE delivery AS d
        SET state = ended.state, attempts = ended.number, due_at = ended.due_at,
            updated_at = ended.ended_at, last_status = ended.status, last_error = ended.last_error,
            claimed_by = NULL
        FROM ended
        WHERE d.env = ended.env AND d.seq = ended.seq AND d.webhook = ended.webhook
            AND d.id = ended.id AND d.state = 0 AND d.attempts = ended.number - 1
            AND d.claimed_by = ended.lease
            AND ended.lease IN (SELECT lease FROM node)
        RETURNING ended.place),
    kept AS (
        INSERT INTO attempt (env, seq, webhook, number, started_at, nanos, signed_at, status, error,
            truncated, url, address, signatures, detail, headers, body)
        SELECT env, seq, webhook, number, started_at, nanos, signed_at, status, error,
            truncated, url, address, signatures, detail, headers, body
        FROM ended JOIN moved USING (place))
    SELECT place FROM moved";

/// Moves what is still as its settlement says, and keeps those attempts; answers the places of these.
async fn move_all(tx: &Tx, settlements: &[(DeliveryRow, &Settlement)]) -> Outcome<HashSet<usize>> {
    let mut columns = Columns::default();
    for (row, settlement) in settlements {
        columns.add(*row, settlement);
    }
    let rows = columns.run(tx).await?;
    let place = |row: &tokio_postgres::Row| {
        let place: i64 = row.try_get("place")?;
        Ok(usize::try_from(place - 1).unwrap_or(usize::MAX))
    };
    rows.iter().map(place).collect()
}

/// Settlements as columns.
#[derive(Default)]
struct Columns<'a> {
    env: Vec<i64>,
    seq: Vec<i64>,
    webhook: Vec<i64>,
    id: Vec<&'a [u8]>,
    number: Vec<i32>,
    lease: Vec<i64>,
    state: Vec<i16>,
    due_at: Vec<Option<i64>>,
    ended_at: Vec<i64>,
    last_error: Vec<Option<i16>>,
    attempts: Attempts<'a>,
}

/// Attempts as columns.
#[derive(Default)]
struct Attempts<'a> {
    started_at: Vec<i64>,
    nanos: Vec<i64>,
    signed_at: Vec<Option<i64>>,
    status: Vec<Option<i16>>,
    error: Vec<Option<i16>>,
    truncated: Vec<Option<bool>>,
    url: Vec<std::borrow::Cow<'a, str>>,
    address: Vec<Option<Vec<u8>>>,
    signatures: Vec<Option<Vec<u8>>>,
    detail: Vec<Option<std::borrow::Cow<'a, str>>>,
    headers: Vec<Option<Vec<u8>>>,
    body: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, (env, sequence, webhook): DeliveryRow, settlement: &'a Settlement) {
        self.env.push(env);
        self.seq.push(sequence);
        self.webhook.push(webhook);
        self.id.push(settlement.key.delivery.as_bytes());
        self.number.push(int(settlement.number));
        self.lease.push(settlement.key.lease.0.cast_signed());
        self.state.push(state_after(&settlement.after) as i16);
        self.due_at.push(match settlement.after {
            After::Retry { due_at } => Some(due_at.millis()),
            After::Delivered | After::Exhausted { .. } => None,
        });
        self.ended_at.push(settlement.attempt.ended_at().millis());
        self.last_error.push(last_answer(&settlement.attempt).1);
        self.attempts.add(&settlement.attempt);
    }

    async fn run(&self, tx: &Tx) -> Outcome<Vec<tokio_postgres::Row>> {
        let attempts = &self.attempts;
        tx.query(
            MOVE,
            &[
                &self.env,
                &self.seq,
                &self.webhook,
                &self.number,
                &self.lease,
                &self.state,
                &self.due_at,
                &self.ended_at,
                &attempts.started_at,
                &attempts.nanos,
                &attempts.signed_at,
                &attempts.status,
                &attempts.error,
                &attempts.truncated,
                &attempts.url,
                &attempts.address,
                &attempts.signatures,
                &attempts.detail,
                &attempts.headers,
                &attempts.body,
                &self.last_error,
                &self.id,
            ],
        )
        .await
    }
}

impl<'a> Attempts<'a> {
    fn add(&mut self, attempt: &'a Attempt) {
        let columns = AnswerColumns::of(attempt);
        let (status, error) = answer_codes(&columns);
        self.started_at.push(attempt.started_at.millis());
        self.nanos.push(nanos(attempt));
        self.signed_at.push(signed_at(attempt));
        self.status.push(status);
        self.error.push(error);
        self.truncated.push(columns.truncated);
        self.url.push(text(&attempt.url));
        self.address.push(attempt.address.map(encode_address));
        self.signatures.push(attempt.signatures.as_ref().map(encode_signatures));
        self.detail.push(columns.detail.map(text));
        self.headers.push(columns.headers);
        self.body.push(columns.body);
    }
}

/// Inserts an attempt into `attempt` or `manual_attempt`.
pub(crate) async fn insert_attempt(
    tx: &Tx,
    table: &str,
    (env, sequence, webhook): DeliveryRow,
    (number, attempt): (u32, &Attempt),
) -> Outcome<()> {
    let sql = format!(
        "INSERT INTO {table} (env, seq, webhook, number, started_at, nanos, signed_at, status,
             error, truncated, url, address, signatures, detail, headers, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    let columns = AnswerColumns::of(attempt);
    let (status, error) = answer_codes(&columns);
    tx.execute(
        &sql,
        &[
            &env,
            &sequence,
            &webhook,
            &int(number),
            &attempt.started_at.millis(),
            &nanos(attempt),
            &signed_at(attempt),
            &status,
            &error,
            &columns.truncated,
            &text(&attempt.url),
            &attempt.address.map(encode_address),
            &attempt.signatures.as_ref().map(encode_signatures),
            &columns.detail.map(text),
            &columns.headers,
            &columns.body,
        ],
    )
    .await?;
    Ok(())
}

/// The status and the class of failure, as an attempt keeps them.
fn answer_codes(columns: &AnswerColumns<'_>) -> (Option<i16>, Option<i16>) {
    (columns.status.map(status_code), columns.error.map(i16::from))
}

/// The same, as a delivery shows them of its last attempt: a status that is no success is a failure
/// too.
pub(crate) fn last_answer(attempt: &Attempt) -> (Option<i16>, Option<i16>) {
    let class = attempt.answer.error_class().map(|class| class as i16);
    (attempt.answer.status().map(status_code), class)
}

fn status_code(status: u16) -> i16 {
    i16::try_from(status).unwrap_or(i16::MAX)
}

fn nanos(attempt: &Attempt) -> i64 {
    i64::try_from(attempt.duration.as_nanos()).unwrap_or(i64::MAX)
}

fn signed_at(attempt: &Attempt) -> Option<i64> {
    let signed_at = attempt.signatures.as_ref().map(|signatures| signatures.timestamp);
    signed_at.filter(|at| *at != attempt.started_at.seconds())
}
