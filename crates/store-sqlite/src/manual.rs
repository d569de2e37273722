//! Attempts made on request: kept in a table of their own, so that what counts and fences the
//! scheduled ones never sees them.

use herald_domain::{attempt::Attempt, delivery::DeliveryState};
use herald_store::{MANUAL_KEPT, ManualAttempt, Result, StoreError};
use rusqlite::{OptionalExtension, params};

use crate::{
    failure::explain,
    registry::known_env,
    settling::{INSERT_MANUAL, Row, insert_attempt},
    writer::Session,
};

impl Session<'_> {
    /// Records an attempt that was made on request. Answers its number; `None` if the delivery is
    /// gone.
    pub(crate) fn settle_manual(&mut self, manual: &ManualAttempt) -> Result<Option<u32>> {
        let Some((row, state)) = self.find_delivery(manual)? else { return Ok(None) };
        let number = self.keep(row, &manual.attempt)?;
        let (env, _, webhook) = row;
        self.tallies.attempt(webhook, &manual.attempt);
        if manual.delivered {
            self.succeeded(env, webhook, manual.attempt.ended_at());
            if state != DeliveryState::Delivered {
                self.deliver(row, state, &manual.attempt)?;
            }
        }
        Ok(Some(number))
    }

    fn find_delivery(&self, manual: &ManualAttempt) -> Result<Option<(Row, DeliveryState)>> {
        let Some(env) = known_env(self.connection, manual.environment)? else { return Ok(None) };
        let sql = "SELECT seq, webhook, state FROM delivery WHERE id = ?1 AND env = ?2";
        let found: Option<(i64, i64, u8)> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut query| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                query.query_row(params![manual.delivery.as_bytes(), env], read).optional()
            })
            .map_err(explain)?;
        let Some((sequence, webhook, state)) = found else { return Ok(None) };
        let state = DeliveryState::from_code(state)
            .ok_or_else(|| StoreError::Corrupt(format!("state {state} of a delivery")))?;
        Ok(Some(((env, sequence, webhook), state)))
    }

    /// Keeps the attempt, and only the last ones before it; answers its number.
    fn keep(&mut self, row: Row, attempt: &Attempt) -> Result<u32> {
        let (env, sequence, webhook) = row;
        let sql = "SELECT coalesce(max(number), 0) + 1 FROM manual_attempt
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3";
        let number: u32 = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row([env, sequence, webhook], |row| row.get(0)))
            .map_err(explain)?;
        let url = self.registry.url(self.connection, &attempt.url)?;
        let mut insert = self.connection.prepare_cached(INSERT_MANUAL).map_err(explain)?;
        insert_attempt(&mut insert, row, number, attempt, url)?;
        let sql = "DELETE FROM manual_attempt
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3 AND number <= ?4";
        let last_forgotten = i64::from(number) - i64::from(MANUAL_KEPT);
        self.connection
            .prepare_cached(sql)
            .and_then(|mut delete| delete.execute([env, sequence, webhook, last_forgotten]))
            .map_err(explain)?;
        Ok(number)
    }

    /// The delivery is delivered by this attempt. A scheduled one that is in flight will find it so.
    fn deliver(&mut self, row: Row, from: DeliveryState, attempt: &Attempt) -> Result<()> {
        let (env, sequence, webhook) = row;
        let sql = "UPDATE delivery SET state = 1, due_at = NULL, updated_at = ?4, last_status = ?5,
                       last_error = ?6
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3";
        let class = attempt.answer.error_class().map(|class| class as u8);
        let at = attempt.ended_at();
        self.connection
            .prepare_cached(sql)
            .and_then(|mut update| {
                update.execute(params![
                    env,
                    sequence,
                    webhook,
                    at.millis(),
                    attempt.answer.status(),
                    class
                ])
            })
            .map_err(explain)?;
        let place = self.registry.places.of(self.connection, row).map_err(explain)?;
        self.tallies.moved((place, webhook), from, DeliveryState::Delivered, at);
        self.claims.give_back((webhook, sequence.cast_unsigned()));
        Ok(())
    }
}
