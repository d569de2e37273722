//! Settling: attempts are recorded with what follows from them.

use herald_domain::{attempt::Attempt, delivery::DeliveryState, time::Timestamp, webhook::Webhook};
use herald_store::{
    After, Result, Settled, Settlement,
    codec::{AnswerColumns, encode_address, encode_signatures},
};
use rusqlite::{CachedStatement, Connection, params};

use crate::{failure::explain, webhooks, writer::Session};

/// Environment, event and webhook of a delivery, as numbers.
pub(crate) type Row = (i64, i64, i64);

const ADVANCE: &str = "
    UPDATE delivery SET state = ?4, attempts = ?5, due_at = ?6, updated_at = ?7,
        last_status = ?8, last_error = ?9
    WHERE env = ?1 AND seq = ?2 AND webhook = ?3 AND state = ?10 AND attempts = ?5 - 1";

const INSERT: &str = "
    INSERT INTO attempt VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

/// The same for an attempt that was made on request.
pub(crate) const INSERT_MANUAL: &str = "
    INSERT INTO manual_attempt VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

/// The statements of settling, looked up once for many settlements.
pub(crate) struct Statements<'c> {
    advance: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub(crate) fn prepare(connection: &'c Connection) -> Result<Self> {
        let advance = connection.prepare_cached(ADVANCE).map_err(explain)?;
        let insert = connection.prepare_cached(INSERT).map_err(explain)?;
        Ok(Self { advance, insert })
    }

    /// The fence: moves the row only if it is in the state `from`, and this is its next attempt.
    /// A cancelled one stays cancelled unless it was delivered, a delivered one (on request, while
    /// this attempt was in flight) stays delivered.
    fn advance(
        &mut self,
        (env, sequence, webhook): Row,
        settlement: &Settlement,
        from: DeliveryState,
    ) -> Result<bool> {
        let state = match (from, state_after(&settlement.after)) {
            (DeliveryState::Pending, state) => state,
            (_, DeliveryState::Delivered) => DeliveryState::Delivered,
            (from, _) => from,
        };
        let due_at = match settlement.after {
            After::Retry { due_at } if state == DeliveryState::Pending => Some(due_at.millis()),
            _ => None,
        };
        let attempt = &settlement.attempt;
        let changed = self
            .advance
            .execute(params![
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
            .map_err(explain)?;
        Ok(changed == 1)
    }
}

/// Inserts an attempt with its number, by [`INSERT`] or [`INSERT_MANUAL`].
pub(crate) fn insert_attempt(
    insert: &mut CachedStatement<'_>,
    (env, sequence, webhook): Row,
    number: u32,
    attempt: &Attempt,
    url: i64,
) -> Result<()> {
    let columns = AnswerColumns::of(attempt);
    let signed_at = attempt.signatures.as_ref().map(|signatures| signatures.timestamp);
    insert
        .execute(params![
            env,
            sequence,
            webhook,
            number,
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
        .map_err(explain)?;
    Ok(())
}

impl Session<'_> {
    /// Applies what was decided, if the fence lets it.
    pub(crate) fn settle(
        &mut self,
        statements: &mut Statements<'_>,
        settlement: &Settlement,
        settled: &mut Settled,
    ) -> Result<()> {
        let key = settlement.key;
        let Some((env, webhook)) = self.registry.webhook(self.connection, key.webhook)? else {
            settled.stale += 1;
            return Ok(());
        };
        let row = (env, key.sequence.cast_signed(), webhook);
        let state = state_after(&settlement.after);
        let from = if statements.advance(row, settlement, DeliveryState::Pending)? {
            DeliveryState::Pending
        } else if statements.advance(row, settlement, DeliveryState::Cancelled)? {
            DeliveryState::Cancelled
        } else if statements.advance(row, settlement, DeliveryState::Delivered)? {
            DeliveryState::Delivered
        } else {
            // Somebody else's by now, claim included.
            settled.stale += 1;
            return Ok(());
        };
        self.claims.give_back((webhook, key.sequence));
        let url = self.registry.url(self.connection, &settlement.attempt.url)?;
        insert_attempt(&mut statements.insert, row, settlement.number, &settlement.attempt, url)?;
        self.tallies.attempt(webhook, &settlement.attempt);
        if state == DeliveryState::Delivered {
            self.succeeded(env, webhook, settlement.attempt.ended_at());
        }
        let place = self.registry.places.of(self.connection, row).map_err(explain)?;
        let (of, at) = ((place, webhook), settlement.attempt.ended_at());
        let cancelled = from == DeliveryState::Cancelled && state != DeliveryState::Delivered;
        if cancelled || from == DeliveryState::Delivered {
            self.tallies.noted(of, at);
            settled.stale += 1;
            return Ok(());
        }
        self.tallies.moved(of, from, state, at);
        match &settlement.after {
            After::Exhausted { disable: Some(reason) } => {
                if let Some(disabled) = self.disable(settlement, reason)? {
                    self.note_disabled(row, settlement, &disabled)?;
                    settled.disabled.push(disabled);
                }
            }
            After::Retry { .. } => {
                if let Some(warning) = &settlement.warning
                    && self.warn(row, settlement, warning)?
                {
                    settled.warned.push(key.webhook);
                }
            }
            After::Delivered | After::Exhausted { disable: None } => {}
        }
        Ok(())
    }

    /// Something was delivered to a webhook.
    pub(crate) fn succeeded(&mut self, env: i64, webhook: i64, at: Timestamp) {
        self.tallies.succeeded(env, webhook, at);
        self.registry.succeeded(webhook, at);
    }

    fn disable(&mut self, settlement: &Settlement, reason: &str) -> Result<Option<Webhook>> {
        let key = settlement.key;
        let found = webhooks::find(self.connection, key.environment, key.webhook)?;
        let Some(webhook) = found.filter(|webhook| webhook.enabled) else { return Ok(None) };
        let disabled = webhook.given_up(reason.to_owned(), settlement.attempt.ended_at());
        webhooks::save(self, &disabled)?;
        Ok(Some(disabled))
    }
}

fn state_after(after: &After) -> DeliveryState {
    match after {
        After::Delivered => DeliveryState::Delivered,
        After::Retry { .. } => DeliveryState::Pending,
        After::Exhausted { .. } => DeliveryState::Exhausted,
    }
}
