//! Claiming what is due, and settling what came of it.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure},
    delivery::DeliveryState,
    id::{EventId, WebhookId},
    time::Timestamp,
};
use herald_store::{After, Claim, Claimed, DeliveryKey, Due, Queue, Result, Settled, Settlement};
use rusqlite::{OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{
        count, encode_address, encode_headers, encode_signatures, maybe_time, object_id, signed,
        time,
    },
    failure::explain,
    registry::{Hook, hook_by_number},
    webhooks,
    writer::Session,
};

#[async_trait]
impl Queue for SqliteStore {
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        self.writer.write(move |session| session.claim(webhook, now, limit)).await
    }

    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()> {
        self.writer
            .write(move |session| {
                for key in &keys {
                    if let Some((_, webhook)) =
                        session.registry.webhook(session.connection, key.webhook)?
                    {
                        session.claims.give_back(webhook, key.sequence);
                    }
                }
                Ok(())
            })
            .await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Settled> {
        self.writer
            .write(move |session| {
                let mut settled = Settled::default();
                for settlement in &settlements {
                    session.settle(settlement, &mut settled)?;
                }
                Ok(settled)
            })
            .await
    }

    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        self.writer.write(move |session| session.due(after, limit)).await
    }
}

/// The oldest due first; the event is read for its bytes, the first attempt for its time.
const DUE: &str = "
    SELECT d.seq, d.due_at, d.attempts, e.id AS event, e.body, a.started_at
    FROM delivery AS d
    LEFT JOIN event AS e ON e.seq = d.seq
    LEFT JOIN attempt AS a
        ON a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook AND a.number = 1
    WHERE d.webhook = ?1 AND d.state = 0 AND d.due_at <= ?2
    ORDER BY d.due_at, d.seq LIMIT ?3";

const NEXT_DUE: &str = "
    SELECT seq, due_at FROM delivery WHERE webhook = ?1 AND state = 0
    ORDER BY due_at, seq LIMIT ?2";

impl Session<'_> {
    fn claim(&mut self, id: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        let nothing = |destination| Claim { destination, deliveries: Vec::new(), next_due: None };
        let Some((_, webhook)) = self.registry.webhook(self.connection, id)? else {
            return Ok(nothing(None));
        };
        let Some(hook) = hook_by_number(self.connection, webhook)? else {
            return Ok(nothing(None));
        };
        if !hook.destination.webhook.enabled {
            return Ok(nothing(Some(hook.destination)));
        }
        let deliveries = self.claim_due(&hook, now, limit)?;
        let next_due = self.next_due(webhook)?;
        Ok(Claim { destination: Some(hook.destination), deliveries, next_due })
    }

    fn claim_due(&mut self, hook: &Hook, now: Timestamp, limit: usize) -> Result<Vec<Claimed>> {
        // Those held come back from the query too: so many more are asked for.
        let most = signed((limit + self.claims.at_most(hook.num)) as u64);
        let mut query = self.connection.prepare_cached(DUE).map_err(explain)?;
        let mut rows = query.query(params![hook.num, now.millis(), most]).map_err(explain)?;
        let mut deliveries = Vec::new();
        while deliveries.len() < limit
            && let Some(row) = rows.next().map_err(explain)?
        {
            let sequence: u64 = count(row, "seq").map_err(explain)?;
            if self.claims.is_held(hook.num, sequence) {
                continue;
            }
            match claimed(row, hook, sequence) {
                Ok(delivery) => {
                    self.claims.take(hook.num, sequence);
                    deliveries.push(delivery);
                }
                Err(_) => self.give_up(hook, row, now)?,
            }
        }
        Ok(deliveries)
    }

    /// A row that cannot be read must not stop those behind it: this delivery alone is exhausted,
    /// with an attempt that says why.
    fn give_up(&mut self, hook: &Hook, row: &Row<'_>, now: Timestamp) -> Result<()> {
        let webhook = &hook.destination.webhook;
        let sequence = count(row, "seq").map_err(explain)?;
        tracing::error!(webhook = %webhook.id, sequence, "a stored delivery cannot be read");
        let failure = Failure {
            class: ErrorClass::Internal,
            detail: "the stored event cannot be read, so it was not sent".to_owned(),
        };
        let settlement = Settlement {
            key: DeliveryKey { environment: webhook.environment, sequence, webhook: webhook.id },
            number: 1 + count::<u32>(row, "attempts").map_err(explain)?,
            attempt: Attempt {
                started_at: now,
                duration: std::time::Duration::ZERO,
                url: webhook.url.clone(),
                address: None,
                signatures: None,
                answer: Answer::Failure(failure),
            },
            after: After::Exhausted { disable: None },
        };
        self.settle(&settlement, &mut Settled::default())
    }

    /// When the first unclaimed delivery of a webhook is due.
    fn next_due(&self, webhook: i64) -> Result<Option<Timestamp>> {
        let most = signed(1 + self.claims.at_most(webhook) as u64);
        let mut query = self.connection.prepare_cached(NEXT_DUE).map_err(explain)?;
        let mut rows = query.query(params![webhook, most]).map_err(explain)?;
        while let Some(row) = rows.next().map_err(explain)? {
            let sequence: u64 = count(row, "seq").map_err(explain)?;
            if !self.claims.is_held(webhook, sequence) {
                return maybe_time(row, "due_at").map_err(explain);
            }
        }
        Ok(None)
    }

    /// Steps from webhook to webhook through the index of what is due; reads no other delivery.
    fn due(&mut self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        let mut waiting: HashMap<WebhookId, i64> = HashMap::new();
        let mut last = -1;
        let step = "SELECT webhook FROM delivery WHERE state = 0 AND webhook > ?1
                    ORDER BY webhook LIMIT 1";
        let mut step = self.connection.prepare_cached(step).map_err(explain)?;
        while let Some(num) =
            step.query_row([last], |row| row.get::<_, i64>(0)).optional().map_err(explain)?
        {
            last = num;
            let Some(hook) = hook_by_number(self.connection, num)? else { continue };
            let webhook = hook.destination.webhook;
            if webhook.enabled && after.is_none_or(|after| webhook.id > after) {
                waiting.insert(webhook.id, num);
            }
        }
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        waiting.sort_unstable();
        let mut due = Vec::new();
        for (webhook, num) in waiting {
            if due.len() == limit {
                break;
            }
            if let Some(at) = self.next_due(num)? {
                due.push(Due { webhook, at });
            }
        }
        Ok(due)
    }

    fn settle(&mut self, settlement: &Settlement, settled: &mut Settled) -> Result<()> {
        let key = settlement.key;
        let Some((env, webhook)) = self.registry.webhook(self.connection, key.webhook)? else {
            settled.stale += 1;
            return Ok(());
        };
        let row = (env, key.sequence.cast_signed(), webhook);
        let state = state_after(&settlement.after);
        let from = if self.advance(row, settlement, DeliveryState::Pending)? {
            DeliveryState::Pending
        } else if self.advance(row, settlement, DeliveryState::Cancelled)? {
            DeliveryState::Cancelled
        } else {
            // Somebody else's by now, claim included.
            settled.stale += 1;
            return Ok(());
        };
        self.claims.give_back(webhook, key.sequence);
        self.insert_attempt(row, settlement)?;
        if from == DeliveryState::Cancelled && state != DeliveryState::Delivered {
            settled.stale += 1;
            return Ok(());
        }
        self.tallies.moved(env, webhook, from, state);
        match &settlement.after {
            After::Delivered => {
                let at = settlement.attempt.ended_at();
                self.tallies.succeeded(env, webhook, at);
                self.registry.succeeded(webhook, at);
            }
            After::Exhausted { disable: Some(reason) } => {
                settled.disabled.extend(self.disable(settlement, reason)?);
            }
            After::Retry { .. } | After::Exhausted { disable: None } => {}
        }
        Ok(())
    }

    /// The fence: moves the row only if it is in the state `from`, and this is its next attempt.
    /// A cancelled one stays cancelled unless it was delivered.
    fn advance(
        &self,
        (env, sequence, webhook): (i64, i64, i64),
        settlement: &Settlement,
        from: DeliveryState,
    ) -> Result<bool> {
        let state = match (from, state_after(&settlement.after)) {
            (DeliveryState::Cancelled, DeliveryState::Delivered) => DeliveryState::Delivered,
            (DeliveryState::Cancelled, _) => DeliveryState::Cancelled,
            (_, state) => state,
        };
        let due_at = match settlement.after {
            After::Retry { due_at } if state == DeliveryState::Pending => Some(due_at.millis()),
            _ => None,
        };
        let attempt = &settlement.attempt;
        let sql = "UPDATE delivery SET state = ?4, attempts = ?5, due_at = ?6, updated_at = ?7,
                       last_status = ?8, last_error = ?9
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3
                       AND state = ?10 AND attempts = ?5 - 1";
        let changed = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut update| {
                update.execute(params![
                    env,
                    sequence,
                    webhook,
                    state as u8,
                    settlement.number,
                    due_at,
                    attempt.ended_at().millis(),
                    attempt.answer.status(),
                    attempt.answer.error_class().map(|class| class as u8),
                    from as u8,
                ])
            })
            .map_err(explain)?;
        Ok(changed == 1)
    }

    fn insert_attempt(
        &mut self,
        (env, sequence, webhook): (i64, i64, i64),
        settlement: &Settlement,
    ) -> Result<()> {
        let attempt = &settlement.attempt;
        let url = self.registry.url(self.connection, &attempt.url)?;
        let columns = AnswerColumns::of(attempt);
        let signed_at = attempt.signatures.as_ref().map(|signatures| signatures.timestamp);
        let sql = "INSERT INTO attempt VALUES
                   (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut insert| {
                insert.execute(params![
                    env,
                    sequence,
                    webhook,
                    settlement.number,
                    attempt.started_at.millis(),
                    i64::try_from(attempt.duration.as_nanos()).unwrap_or(i64::MAX),
                    url,
                    attempt.address.map(encode_address),
                    signed_at.filter(|at| *at != attempt.started_at.seconds()),
                    attempt.signatures.as_ref().map(encode_signatures),
                    columns.status,
                    columns.error,
                    columns.detail,
                    columns.headers,
                    columns.body,
                    columns.truncated,
                ])
            })
            .map_err(explain)?;
        Ok(())
    }

    fn disable(
        &mut self,
        settlement: &Settlement,
        reason: &str,
    ) -> Result<Option<herald_domain::webhook::Webhook>> {
        let key = settlement.key;
        let found = webhooks::find(self.connection, key.environment, key.webhook)?;
        let Some(webhook) = found.filter(|webhook| webhook.enabled) else { return Ok(None) };
        let disabled = webhook.given_up(reason.to_owned(), settlement.attempt.ended_at());
        webhooks::save(self, &disabled)?;
        Ok(Some(disabled))
    }
}

fn claimed(row: &Row<'_>, hook: &Hook, sequence: u64) -> rusqlite::Result<Claimed> {
    let webhook = &hook.destination.webhook;
    Ok(Claimed {
        key: DeliveryKey { environment: webhook.environment, sequence, webhook: webhook.id },
        event: EventId(object_id(row, "event")?),
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
        attempts: count(row, "attempts")?,
        first_attempt_at: maybe_time(row, "started_at")?,
        due_at: time(row, "due_at")?,
    })
}

fn state_after(after: &After) -> DeliveryState {
    match after {
        After::Delivered => DeliveryState::Delivered,
        After::Retry { .. } => DeliveryState::Pending,
        After::Exhausted { .. } => DeliveryState::Exhausted,
    }
}

/// An answer as columns; what is empty is not stored.
#[derive(Default)]
struct AnswerColumns<'a> {
    status: Option<u16>,
    error: Option<u8>,
    detail: Option<&'a str>,
    headers: Option<Vec<u8>>,
    body: Option<&'a [u8]>,
    truncated: Option<bool>,
}

impl<'a> AnswerColumns<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        match &attempt.answer {
            Answer::Failure(failure) => Self {
                error: Some(failure.class as u8),
                detail: Some(&failure.detail),
                ..Self::default()
            },
            Answer::Response(response) => Self {
                status: Some(response.status),
                headers: (!response.headers.is_empty()).then(|| encode_headers(&response.headers)),
                body: (!response.body.is_empty()).then_some(&response.body[..]),
                truncated: response.truncated.then_some(true),
                ..Self::default()
            },
        }
    }
}
