//! The books: what a transaction changes in them is gathered, and written with it, in rows that only
//! this node adds to (`slot`). Written in the order of their keys, so that two transactions of one
//! node wait for each other and never in a ring.

use std::collections::BTreeMap;

use herald_domain::{
    attempt::Attempt,
    delivery::DeliveryState,
    resource::{Attribute, Kind},
    statistics::{class_of, hour_of},
    time::Timestamp,
};

use crate::{
    codec::{signed, text},
    failure::Outcome,
    transaction::Tx,
};

/// Environment and webhook, as numbers.
pub(crate) type WebhookKey = (i64, i64);

/// Changes to the books in one transaction.
#[derive(Default)]
pub(crate) struct Tallies {
    webhooks: BTreeMap<WebhookKey, WebhookTally>,
    /// By environment, type and kind of resource.
    events: BTreeMap<(i64, String, String), i64>,
    /// By webhook, hour and class of duration: attempts, and those that succeeded.
    attempts: BTreeMap<(WebhookKey, Timestamp, usize), (u64, u64)>,
    /// By environment, kind and word.
    resources: BTreeMap<(i64, u8, String), i64>,
}

#[derive(Default)]
struct WebhookTally {
    accepted: i64,
    states: [i64; 5],
    removed: [i64; 5],
    succeeded_at: Option<Timestamp>,
}

/// How an attribute stands in the tallies.
pub(crate) fn tally_word(attribute: &Attribute<'_>) -> String {
    text(&format!("{}={}", attribute.path, attribute.value)).into_owned()
}

impl Tallies {
    /// A delivery was made.
    pub(crate) fn accepted(&mut self, of: WebhookKey, state: DeliveryState) {
        let tally = self.webhooks.entry(of).or_default();
        tally.accepted += 1;
        tally.states[state as usize] += 1;
    }

    /// A delivery went from one state to another.
    pub(crate) fn moved(&mut self, of: WebhookKey, from: DeliveryState, to: DeliveryState) {
        let tally = self.webhooks.entry(of).or_default();
        tally.states[from as usize] -= 1;
        tally.states[to as usize] += 1;
    }

    /// Retention removed an ended delivery.
    pub(crate) fn removed(&mut self, of: WebhookKey, state: DeliveryState) {
        self.webhooks.entry(of).or_default().removed[state as usize] += 1;
    }

    /// Something was delivered to a webhook.
    pub(crate) fn succeeded(&mut self, of: WebhookKey, at: Timestamp) {
        let tally = self.webhooks.entry(of).or_default();
        tally.succeeded_at = tally.succeeded_at.max(Some(at));
    }

    /// When anything was delivered to a webhook in this transaction.
    pub(crate) fn succeeded_at(&self, of: WebhookKey) -> Option<Timestamp> {
        self.webhooks.get(&of)?.succeeded_at
    }

    /// Every webhook to which anything was delivered in this transaction.
    pub(crate) fn successes(&self) -> impl Iterator<Item = (i64, Timestamp)> + '_ {
        let of = |((_, webhook), tally): (&WebhookKey, &WebhookTally)| {
            Some((*webhook, tally.succeeded_at?))
        };
        self.webhooks.iter().filter_map(of)
    }

    /// Events of a type were added (or removed, if negative).
    pub(crate) fn events(&mut self, env: i64, (event_type, resource): (&str, &str), by: i64) {
        let key = (env, event_type.to_owned(), resource.to_owned());
        *self.events.entry(key).or_default() += by;
    }

    /// An attempt was recorded.
    pub(crate) fn attempt(&mut self, of: WebhookKey, attempt: &Attempt) {
        let key = (of, hour_of(attempt.ended_at()), class_of(attempt.duration));
        let (attempts, successes) = self.attempts.entry(key).or_default();
        *attempts += 1;
        *successes += u64::from(attempt.answer.is_success());
    }

    /// Resources with these attributes were added (or removed, if negative).
    pub(crate) fn resources(
        &mut self,
        env: i64,
        kind: Kind,
        attributes: &[Attribute<'_>],
        by: i64,
    ) {
        let counted = attributes.iter().filter(|one| kind.shape().is_counted(&one.path));
        for word in counted.map(tally_word).chain([String::new()]) {
            *self.resources.entry((env, kind as u8, word)).or_default() += by;
        }
    }

    /// Adds what was gathered apart.
    pub(crate) fn add(&mut self, others: Self) {
        for (key, by) in others.resources {
            *self.resources.entry(key).or_default() += by;
        }
    }

    /// Writes what was gathered, into the rows of this slot.
    pub(crate) async fn write(&self, tx: &Tx, slot: i32) -> Outcome<()> {
        // One after the other, as everybody does: at once, two transactions could wait in a ring.
        self.write_webhooks(tx, slot).await?;
        self.write_events(tx, slot).await?;
        self.write_attempts(tx, slot).await?;
        self.write_resources(tx, slot).await?;
        Ok(())
    }

    async fn write_webhooks(&self, tx: &Tx, slot: i32) -> Outcome<()> {
        if self.webhooks.is_empty() {
            return Ok(());
        }
        let column = |of: &dyn Fn(&WebhookTally) -> i64| self.webhooks.values().map(of).collect();
        let (envs, webhooks): (Vec<i64>, Vec<i64>) = self.webhooks.keys().copied().unzip();
        let accepted: Vec<i64> = column(&|tally| tally.accepted);
        let states: [Vec<i64>; 5] = std::array::from_fn(|at| column(&|tally| tally.states[at]));
        let removed: [Vec<i64>; 3] =
            [1, 2, 4].map(|at: usize| column(&move |tally: &WebhookTally| tally.removed[at]));
        let succeeded: Vec<Option<i64>> =
            self.webhooks.values().map(|t| t.succeeded_at.map(Timestamp::millis)).collect();
        tx.execute(
            WRITE_WEBHOOKS,
            &[
                &slot,
                &envs,
                &webhooks,
                &accepted,
                &states[0],
                &states[1],
                &states[2],
                &states[3],
                &states[4],
                &removed[0],
                &removed[1],
                &removed[2],
                &succeeded,
            ],
        )
        .await?;
        Ok(())
    }

    async fn write_events(&self, tx: &Tx, slot: i32) -> Outcome<()> {
        if self.events.is_empty() {
            return Ok(());
        }
        let envs: Vec<i64> = self.events.keys().map(|(env, _, _)| *env).collect();
        let types: Vec<&str> = self.events.keys().map(|(_, name, _)| &**name).collect();
        let resources: Vec<&str> = self.events.keys().map(|(_, _, resource)| &**resource).collect();
        let counts: Vec<i64> = self.events.values().copied().collect();
        tx.execute(WRITE_EVENTS, &[&slot, &envs, &types, &resources, &counts]).await?;
        Ok(())
    }

    async fn write_attempts(&self, tx: &Tx, slot: i32) -> Outcome<()> {
        if self.attempts.is_empty() {
            return Ok(());
        }
        let keys = || self.attempts.keys();
        let envs: Vec<i64> = keys().map(|((env, _), _, _)| *env).collect();
        let webhooks: Vec<i64> = keys().map(|((_, webhook), _, _)| *webhook).collect();
        let hours: Vec<i64> = keys().map(|(_, hour, _)| hour.millis()).collect();
        let classes: Vec<i16> =
            keys().map(|(_, _, class)| i16::try_from(*class).unwrap_or(i16::MAX)).collect();
        let attempts: Vec<i64> = self.attempts.values().map(|(all, _)| signed(*all)).collect();
        let successes: Vec<i64> = self.attempts.values().map(|(_, of)| signed(*of)).collect();
        let values: &[crate::transaction::Value<'_>] =
            &[&slot, &envs, &webhooks, &hours, &classes, &attempts, &successes];
        tx.execute(WRITE_ATTEMPTS, values).await?;
        Ok(())
    }

    async fn write_resources(&self, tx: &Tx, slot: i32) -> Outcome<()> {
        if self.resources.is_empty() {
            return Ok(());
        }
        let envs: Vec<i64> = self.resources.keys().map(|(env, _, _)| *env).collect();
        let kinds: Vec<i16> = self.resources.keys().map(|(_, kind, _)| i16::from(*kind)).collect();
        let words: Vec<&str> = self.resources.keys().map(|(_, _, word)| &**word).collect();
        let counts: Vec<i64> = self.resources.values().copied().collect();
        tx.execute(WRITE_RESOURCES, &[&slot, &envs, &kinds, &words, &counts]).await?;
        Ok(())
    }
}

const WRITE_WEBHOOKS: &str = "
    INSERT INTO tally AS t
        (slot, env, webhook, accepted, pending, delivered, exhausted, held, cancelled,
         removed_delivered, removed_exhausted, removed_cancelled, succeeded_at)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
        $13::bigint[])
    ON CONFLICT (env, webhook, slot) DO UPDATE SET
        accepted = t.accepted + excluded.accepted,
        pending = t.pending + excluded.pending,
        delivered = t.delivered + excluded.delivered,
        exhausted = t.exhausted + excluded.exhausted,
        held = t.held + excluded.held,
        cancelled = t.cancelled + excluded.cancelled,
        removed_delivered = t.removed_delivered + excluded.removed_delivered,
        removed_exhausted = t.removed_exhausted + excluded.removed_exhausted,
        removed_cancelled = t.removed_cancelled + excluded.removed_cancelled,
        succeeded_at = greatest(t.succeeded_at, excluded.succeeded_at)";

const WRITE_EVENTS: &str = "
    INSERT INTO event_tally AS t (slot, env, type, resource, count)
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[])
    ON CONFLICT (env, type, resource, slot) DO UPDATE SET count = t.count + excluded.count";

const WRITE_ATTEMPTS: &str = "
    INSERT INTO attempt_tally AS t (slot, env, webhook, hour, class, attempts, successes)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[],
        $6::bigint[], $7::bigint[])
    ON CONFLICT (env, webhook, hour, class, slot) DO UPDATE SET
        attempts = t.attempts + excluded.attempts, successes = t.successes + excluded.successes";

const WRITE_RESOURCES: &str = "
    INSERT INTO resource_tally AS t (slot, env, kind, word, count)
    SELECT $1, * FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::bigint[])
    ON CONFLICT (env, kind, word, slot) DO UPDATE SET count = t.count + excluded.count";
