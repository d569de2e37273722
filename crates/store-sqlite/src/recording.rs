//! Accepting events: the hot path of the writer.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    fan_out::{first_state, first_state_for_only},
    id::{DeliveryId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    Claimed, DeliveryKey, Destination, Idempotency, Lease, Receipt, Record, Recorded, Recording,
    Result, StoreError,
};
use rusqlite::{OptionalExtension, params};

use crate::{
    SqliteStore,
    claims::Hold,
    failure::explain,
    registry::{Environment, Hook, MOST_KNOWN},
    stretches::Place,
    writer::Session,
};

#[async_trait]
impl Recording for SqliteStore {
    async fn record(&self, record: Record) -> Result<Recorded> {
        self.writer.write(move |session| session.record(&record)).await
    }
}

impl Session<'_> {
    /// Records a change, in this transaction.
    pub(crate) fn record(&mut self, record: &Record) -> Result<Recorded> {
        let Some(environment) = self.registry.environment(self.connection, record.environment)?
        else {
            return Ok(Recorded::UnknownAccount);
        };
        if let Some(idempotency) = &record.idempotency
            && let Some(earlier) = self.earlier(environment.env, idempotency)?
        {
            return Ok(earlier);
        }
        if record.only.is_some_and(|only| !environment.takes(only)) {
            return Ok(Recorded::Unwelcome);
        }
        if !self.write(environment.env, &record.writes)? {
            return Ok(Recorded::Conflict);
        }
        let mut receipt =
            Receipt { events: Vec::with_capacity(record.events.len()), deliveries: 0 };
        let mut claimed = Vec::new();
        for event in &record.events {
            let inserted = Inserted {
                environment: record.environment,
                event,
                only: record.only,
                at: record.at,
            };
            receipt.deliveries += self.insert_event(&environment, &inserted, &mut claimed)?;
            receipt.events.push((event.id, event.event_type.clone()));
        }
        if let Some(idempotency) = &record.idempotency {
            self.remember(environment.env, idempotency, &receipt, record.at)?;
        }
        let destinations = self.destinations(&environment, &claimed);
        Ok(Recorded::Accepted { receipt, claimed, destinations })
    }

    /// The webhooks of what was claimed, each once.
    fn destinations(&self, environment: &Environment, claimed: &[Claimed]) -> Vec<Destination> {
        let wanted = |hook: &&Hook| {
            claimed.iter().any(|claim| claim.key.webhook == hook.destination.webhook.id)
        };
        let hooks = environment.hooks.iter().filter(wanted);
        hooks.map(|hook| self.registry.destination(hook)).collect()
    }

    fn earlier(&self, env: i64, idempotency: &Idempotency) -> Result<Option<Recorded>> {
        let sql = "SELECT fingerprint, receipt FROM idempotency WHERE env = ?1 AND key = ?2";
        let found: Option<([u8; 32], Vec<u8>)> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut query| {
                query
                    .query_row(params![env, idempotency.key], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(explain)?;
        let Some((fingerprint, receipt)) = found else { return Ok(None) };
        if fingerprint != idempotency.fingerprint {
            return Ok(Some(Recorded::KeyReused));
        }
        let receipt = serde_json::from_slice(&receipt)
            .map_err(|error| StoreError::Corrupt(format!("a receipt: {error}")))?;
        Ok(Some(Recorded::Replayed(receipt)))
    }

    fn remember(
        &self,
        env: i64,
        idempotency: &Idempotency,
        receipt: &Receipt,
        at: Timestamp,
    ) -> Result<()> {
        let receipt =
            serde_json::to_vec(receipt).map_err(|error| StoreError::Internal(error.to_string()))?;
        let sql = "INSERT INTO idempotency (env, key, fingerprint, receipt, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut insert| {
                insert.execute(params![
                    env,
                    idempotency.key,
                    idempotency.fingerprint,
                    receipt,
                    at.millis()
                ])
            })
            .map_err(explain)?;
        Ok(())
    }

    /// Stores an event and a delivery for each match; answers how many.
    fn insert_event(
        &mut self,
        environment: &Environment,
        inserted: &Inserted<'_>,
        claimed: &mut Vec<Claimed>,
    ) -> Result<u64> {
        let event = inserted.event;
        let event_type =
            self.registry.event_type(self.connection, &event.event_type, &event.resource_type)?;
        let sequence = *self.next_sequence;
        *self.next_sequence += 1;
        let sql = "INSERT INTO event (seq, env, id, type, created_at, body, test_for)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut insert| {
                insert.execute(params![
                    sequence.cast_signed(),
                    environment.env,
                    event.id.as_bytes(),
                    event_type,
                    event.created_at.millis(),
                    &event.body[..],
                    inserted.only.map(|only| *only.as_bytes()),
                ])
            })
            .map_err(explain)?;
        if self.registry.places.known() >= MOST_KNOWN {
            // What is learned anew is read from what is counted.
            self.tallies.write(self.connection)?;
            self.registry.places.forget();
        }
        let event_key = (environment.env, sequence.cast_signed());
        let place =
            self.registry.places.add(self.connection, event_key, event_type).map_err(explain)?;
        self.tallies.event(place, event);
        let made = self.insert_deliveries(environment, inserted, (sequence, place), claimed)?;
        self.registry.places.fill(environment.env, made);
        Ok(made)
    }

    fn insert_deliveries(
        &mut self,
        environment: &Environment,
        inserted: &Inserted<'_>,
        (sequence, place): (u64, Place),
        claimed: &mut Vec<Claimed>,
    ) -> Result<u64> {
        let sql = "INSERT INTO delivery
                       (env, seq, webhook, id, type, state, attempts, created_at, updated_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)";
        let mut insert = self.connection.prepare_cached(sql).map_err(explain)?;
        let mut made = 0;
        for hook in &environment.hooks {
            let webhook = &hook.destination.webhook;
            let state = match inserted.only {
                None => first_state(webhook, &inserted.event.event_type),
                Some(only) => first_state_for_only(webhook, only),
            };
            let Some(state) = state else { continue };
            let pending = state == DeliveryState::Pending;
            let id = DeliveryId(self.ids.next(inserted.at));
            insert
                .execute(params![
                    environment.env,
                    sequence.cast_signed(),
                    hook.num,
                    id.as_bytes(),
                    place.event_type,
                    state as u8,
                    inserted.at.millis(),
                ])
                .map_err(explain)?;
            self.tallies.accepted((place, hook.num), state, inserted.at);
            made += 1;
            if pending {
                self.claims.take((hook.num, sequence), Hold::Fresh);
                claimed.push(Claimed {
                    key: DeliveryKey {
                        environment: inserted.environment,
                        sequence,
                        webhook: webhook.id,
                        delivery: id,
                        lease: Lease::default(),
                    },
                    event: inserted.event.id,
                    body: inserted.event.body.clone(),
                    attempts: 0,
                    restarted: 0,
                    first_attempt_at: None,
                    due_at: inserted.at,
                });
            }
        }
        Ok(made)
    }
}

struct Inserted<'a> {
    environment: EnvironmentId,
    event: &'a Event,
    only: Option<WebhookId>,
    at: Timestamp,
}

impl Environment {
    /// Whether this webhook is here, and takes what is meant for it alone.
    fn takes(&self, only: WebhookId) -> bool {
        let mut webhooks = self.hooks.iter().map(|hook| &hook.destination.webhook);
        webhooks.any(|webhook| first_state_for_only(webhook, only).is_some())
    }
}
