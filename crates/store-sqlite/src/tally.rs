//! The books: what a transaction changes in them is gathered, and written with it, one row for
//! each webhook, each type, each kind of resources, and each stretch that it touched.

use std::collections::HashMap;

use herald_domain::{
    attempt::Attempt,
    delivery::DeliveryState,
    event::Event,
    resource::{Attribute, Kind},
    statistics::{class_of, hour_of},
    time::Timestamp,
};
use herald_store::Result;
use rusqlite::{Connection, params};

use crate::{
    codec::signed,
    failure::explain,
    stretches::{Place, StretchTallies},
};

/// Changes to the books in one transaction.
#[derive(Default)]
pub(crate) struct Tallies {
    webhooks: HashMap<i64, WebhookTally>,
    events: HashMap<(i64, i64), i64>,
    /// By webhook, hour and class of duration: attempts, and those that succeeded.
    attempts: HashMap<(i64, Timestamp, usize), (u64, u64)>,
    resources: ResourceTallies,
    stretches: StretchTallies,
}

/// Changes to how many resources there are.
#[derive(Default)]
pub(crate) struct ResourceTallies(HashMap<(i64, Kind, String), i64>);

impl ResourceTallies {
    /// Resources with these attributes were added (or removed, if negative).
    pub(crate) fn add(&mut self, env: i64, kind: Kind, attributes: &[Attribute<'_>], by: i64) {
        let counted = attributes.iter().filter(|one| kind.shape().is_counted(&one.path));
        for word in counted.map(tally_word).chain([String::new()]) {
            *self.0.entry((env, kind, word)).or_default() += by;
        }
    }
}

/// How an attribute stands in the tallies.
pub(crate) fn tally_word(attribute: &Attribute<'_>) -> String {
    format!("{}={}", attribute.path, attribute.value)
}

#[derive(Default)]
struct WebhookTally {
    env: i64,
    accepted: i64,
    states: [i64; 5],
    removed: [i64; 5],
    succeeded_at: Option<Timestamp>,
}

impl Tallies {
    /// A delivery was made.
    pub(crate) fn accepted(&mut self, of: (Place, i64), state: DeliveryState, at: Timestamp) {
        self.stretches.accepted(of, state, at);
        let tally = self.webhook(of);
        tally.accepted += 1;
        tally.states[state as usize] += 1;
    }

    /// A delivery went from one state to another.
    pub(crate) fn moved(
        &mut self,
        of: (Place, i64),
        from: DeliveryState,
        to: DeliveryState,
        at: Timestamp,
    ) {
        self.stretches.moved(of, from, to, at);
        let tally = self.webhook(of);
        tally.states[from as usize] -= 1;
        tally.states[to as usize] += 1;
    }

    /// Something happened to a delivery that did not change its state.
    pub(crate) fn noted(&mut self, of: (Place, i64), at: Timestamp) {
        self.stretches.noted(of, at);
    }

    /// Retention removed an ended delivery.
    pub(crate) fn removed(&mut self, of: (Place, i64), state: DeliveryState) {
        self.stretches.removed(of, state);
        self.webhook(of).removed[state as usize] += 1;
    }

    /// Something was delivered to a webhook.
    pub(crate) fn succeeded(&mut self, env: i64, webhook: i64, at: Timestamp) {
        let tally = self.webhooks.entry(webhook).or_default();
        tally.env = env;
        tally.succeeded_at = tally.succeeded_at.max(Some(at));
    }

    /// When anything was delivered to a webhook in this transaction.
    pub(crate) fn succeeded_at(&self, webhook: i64) -> Option<Timestamp> {
        self.webhooks.get(&webhook)?.succeeded_at
    }

    /// An event was added.
    pub(crate) fn event(&mut self, place: Place, event: &Event) {
        self.stretches.event(place, event);
        *self.events.entry((place.env, place.event_type)).or_default() += 1;
    }

    /// Retention removed an event.
    pub(crate) fn event_removed(&mut self, place: Place) {
        self.stretches.event_removed(place);
        *self.events.entry((place.env, place.event_type)).or_default() -= 1;
    }

    /// An attempt was recorded.
    pub(crate) fn attempt(&mut self, webhook: i64, attempt: &Attempt) {
        let key = (webhook, hour_of(attempt.ended_at()), class_of(attempt.duration));
        let (attempts, successes) = self.attempts.entry(key).or_default();
        *attempts += 1;
        *successes += u64::from(attempt.answer.is_success());
    }

    /// What the writes of a record changed.
    pub(crate) fn resources(&mut self, changes: ResourceTallies) {
        for (key, by) in changes.0 {
            *self.resources.0.entry(key).or_default() += by;
        }
    }

    fn webhook(&mut self, (place, webhook): (Place, i64)) -> &mut WebhookTally {
        let tally = self.webhooks.entry(webhook).or_default();
        tally.env = place.env;
        tally
    }

    /// Writes what was gathered, and gathers anew.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        self.write_all(connection).map_err(explain)
    }

    fn write_all(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (webhook, tally) in self.webhooks.drain() {
            let [pending, delivered, exhausted, held, cancelled] = tally.states;
            let [_, removed_delivered, removed_exhausted, _, removed_cancelled] = tally.removed;
            connection.prepare_cached(WRITE_WEBHOOK)?.execute(params![
                webhook,
                tally.env,
                tally.accepted,
                pending,
                delivered,
                exhausted,
                held,
                cancelled,
                removed_delivered,
                removed_exhausted,
                removed_cancelled,
                tally.succeeded_at.map(Timestamp::millis),
            ])?;
        }
        for ((env, event_type), count) in self.events.drain() {
            connection.prepare_cached(WRITE_EVENTS)?.execute([env, event_type, count])?;
        }
        for ((webhook, hour, class), (attempts, successes)) in self.attempts.drain() {
            connection.prepare_cached(WRITE_ATTEMPTS)?.execute(params![
                webhook,
                hour.millis(),
                signed(class as u64),
                signed(attempts),
                signed(successes),
            ])?;
        }
        self.stretches.write(connection)?;
        for ((env, kind, word), by) in self.resources.0.drain() {
            let sql = if by < 0 { FEWER_RESOURCES } else { MORE_RESOURCES };
            if by != 0 {
                connection.prepare_cached(sql)?.execute(params![env, kind as u8, word, by])?;
            }
        }
        Ok(())
    }
}

/// Checks are made of the row as inserted too, so a new webhook's row begins with zeros.
const WRITE_WEBHOOK: &str = "
    UPDATE tally SET
        accepted = accepted + ?3, pending = pending + ?4, delivered = delivered + ?5,
        exhausted = exhausted + ?6, held = held + ?7, cancelled = cancelled + ?8,
        removed_delivered = removed_delivered + ?9,
        removed_exhausted = removed_exhausted + ?10,
        removed_cancelled = removed_cancelled + ?11,
        succeeded_at = coalesce(max(succeeded_at, ?12), ?12, succeeded_at)
    WHERE webhook = ?1 AND env = ?2";

const WRITE_EVENTS: &str = "
    INSERT INTO event_tally (env, type, count) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET count = count + excluded.count";

const WRITE_ATTEMPTS: &str = "
    INSERT INTO attempt_tally (webhook, hour, class, attempts, successes)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,
        successes = successes + excluded.successes";

const MORE_RESOURCES: &str = "
    INSERT INTO resource_tally (env, kind, word, count) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET count = count + excluded.count";

/// Checks are made of the row as inserted too, which would begin below zero.
const FEWER_RESOURCES: &str = "
    UPDATE resource_tally SET count = count + ?4 WHERE env = ?1 AND kind = ?2 AND word = ?3";
