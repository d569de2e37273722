//! The rows that a transaction inserts, as columns, and the statements that insert them at once.

use std::collections::HashSet;

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    Claimed, DeliveryKey, Destination, Idempotency, Lease, Record, Recorded, StoreError,
};

use crate::{
    Shared,
    codec::text,
    failure::{Failed, Outcome},
    tally::Tallies,
    transaction::Tx,
};

use super::plan::{Numbered, Planned};

/// The rows.
#[derive(Default)]
pub(super) struct Rows {
    events: Events,
    deliveries: Deliveries,
    keys: Keys,
    webhooks: HashSet<WebhookId>,
}

#[derive(Default)]
struct Events {
    env: Vec<i64>,
    seq: Vec<i64>,
    id: Vec<[u8; 12]>,
    event_type: Vec<String>,
    resource: Vec<String>,
    created_at: Vec<i64>,
    test_for: Vec<Option<[u8; 12]>>,
    body: Vec<Bytes>,
}

#[derive(Default)]
struct Deliveries {
    env: Vec<i64>,
    seq: Vec<i64>,
    webhook: Vec<i64>,
    id: Vec<[u8; 12]>,
    event_type: Vec<String>,
    state: Vec<i16>,
    created_at: Vec<i64>,
    claimed_by: Vec<Option<i64>>,
    due_at: Vec<Option<i64>>,
}

#[derive(Default)]
struct Keys {
    env: Vec<i64>,
    key: Vec<String>,
    fingerprint: Vec<[u8; 32]>,
    receipt: Vec<Vec<u8>>,
    created_at: Vec<i64>,
}

impl Rows {
    /// Adds what was planned of a record; answers what its publisher is told once it is committed.
    pub(super) fn add(
        &mut self,
        shared: &Shared,
        record: &Record,
        planned: &Planned,
        tallies: &mut Tallies,
    ) -> Outcome<Recorded> {
        let env = planned.environment.env;
        let mut claimed = Vec::new();
        for (event, numbered) in record.events.iter().zip(&planned.events) {
            let only = record.only.map(|only| *only.as_bytes());
            self.events.add((env, numbered.sequence), event, only);
            tallies.events(env, (&event.event_type, &event.resource_type), 1);
            for (hook, state) in &numbered.matches {
                tallies.accepted((env, hook.num), *state);
            }
            let of = Of { environment: record.environment, env, event, at: record.at };
            self.add_deliveries(shared, &of, numbered, &mut claimed);
        }
        if let Some(idempotency) = &record.idempotency {
            self.keys.add(env, idempotency, planned, record.at)?;
        }
        let destinations = destinations(shared, planned, &claimed);
        Ok(Recorded::Accepted { receipt: planned.receipt.clone(), claimed, destinations })
    }

    fn add_deliveries(
        &mut self,
        shared: &Shared,
        of: &Of<'_>,
        numbered: &Numbered,
        claimed: &mut Vec<Claimed>,
    ) {
        let lease = shared.node.lease();
        for (hook, state) in &numbered.matches {
            let pending = *state == DeliveryState::Pending;
            let mine = pending && shared.node.dispatches();
            let webhook = hook.destination.webhook.id;
            let id = DeliveryId(shared.ids.next(of.at));
            let rows = &mut self.deliveries;
            rows.env.push(of.env);
            rows.seq.push(numbered.sequence);
            rows.webhook.push(hook.num);
            rows.id.push(*id.as_bytes());
            rows.event_type.push(of.event.event_type.clone());
            rows.state.push(*state as i16);
            rows.created_at.push(of.at.millis());
            rows.claimed_by.push(mine.then_some(lease));
            rows.due_at.push((pending && !mine).then_some(of.at.millis()));
            if pending {
                self.webhooks.insert(webhook);
            }
            if mine {
                claimed.push(of.claimed(numbered.sequence, (webhook, id), lease));
            }
        }
    }

    /// Webhooks that have something to come.
    pub(super) fn webhooks(&self) -> impl Iterator<Item = WebhookId> + '_ {
        self.webhooks.iter().copied()
    }

    /// Inserts them all.
    pub(super) async fn insert(&self, tx: &Tx) -> Outcome<()> {
        tokio::try_join!(self.events.insert(tx), self.deliveries.insert(tx), self.keys.insert(tx),)?;
        Ok(())
    }
}

/// An event, where it belongs, and when it was accepted.
struct Of<'a> {
    environment: EnvironmentId,
    env: i64,
    event: &'a Event,
    at: Timestamp,
}

impl Of<'_> {
    fn claimed(
        &self,
        sequence: i64,
        (webhook, delivery): (WebhookId, DeliveryId),
        lease: i64,
    ) -> Claimed {
        Claimed {
            key: DeliveryKey {
                environment: self.environment,
                sequence: sequence.cast_unsigned(),
                webhook,
                delivery,
                lease: Lease(lease.cast_unsigned()),
            },
            event: self.event.id,
            body: self.event.body.clone(),
            attempts: 0,
            restarted: 0,
            first_attempt_at: None,
            due_at: self.at,
        }
    }
}

/// The webhooks of what was claimed, each once.
fn destinations(shared: &Shared, planned: &Planned, claimed: &[Claimed]) -> Vec<Destination> {
    let wanted: HashSet<WebhookId> = claimed.iter().map(|one| one.key.webhook).collect();
    let hooks = planned.environment.hooks.iter();
    hooks
        .filter(|hook| wanted.contains(&hook.destination.webhook.id))
        .map(|hook| shared.registry.destination(hook))
        .collect()
}

impl Events {
    fn add(&mut self, (env, sequence): (i64, i64), event: &Event, only: Option<[u8; 12]>) {
        self.env.push(env);
        self.seq.push(sequence);
        self.id.push(*event.id.as_bytes());
        self.event_type.push(event.event_type.clone());
        self.resource.push(event.resource_type.clone());
        self.created_at.push(event.created_at.millis());
        self.test_for.push(only);
        self.body.push(event.body.clone());
    }

    async fn insert(&self, tx: &Tx) -> Outcome<()> {
        if self.env.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO event (env, seq, id, type, resource, created_at, test_for, body)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[],
                       $5::text[], $6::bigint[], $7::bytea[], $8::bytea[])";
        let ids: Vec<&[u8]> = self.id.iter().map(|id| &id[..]).collect();
        let test_for: Vec<Option<&[u8]>> =
            self.test_for.iter().map(|id| id.as_ref().map(|id| &id[..])).collect();
        let bodies: Vec<&[u8]> = self.body.iter().map(|body| &body[..]).collect();
        tx.execute(
            sql,
            &[
                &self.env,
                &self.seq,
                &ids,
                &self.event_type,
                &self.resource,
                &self.created_at,
                &test_for,
                &bodies,
            ],
        )
        .await?;
        Ok(())
    }
}

impl Deliveries {
    async fn insert(&self, tx: &Tx) -> Outcome<()> {
        if self.env.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO delivery
                       (env, seq, webhook, id, type, state, attempts, created_at, updated_at,
                        claimed_by, due_at)
                   SELECT env, seq, webhook, id, type, state, 0, at, at, claimed_by, due_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[],
                       $6::smallint[], $7::bigint[], $8::bigint[], $9::bigint[])
                       AS made (env, seq, webhook, id, type, state, at, claimed_by, due_at)";
        let ids: Vec<&[u8]> = self.id.iter().map(|id| &id[..]).collect();
        tx.execute(
            sql,
            &[
                &self.env,
                &self.seq,
                &self.webhook,
                &ids,
                &self.event_type,
                &self.state,
                &self.created_at,
                &self.claimed_by,
                &self.due_at,
            ],
        )
        .await?;
        Ok(())
    }
}

impl Keys {
    fn add(
        &mut self,
        env: i64,
        idempotency: &Idempotency,
        planned: &Planned,
        at: Timestamp,
    ) -> Outcome<()> {
        let receipt = serde_json::to_vec(&planned.receipt)
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        self.env.push(env);
        self.key.push(text(&idempotency.key).into_owned());
        self.fingerprint.push(idempotency.fingerprint);
        self.receipt.push(receipt);
        self.created_at.push(at.millis());
        Ok(())
    }

    /// If another node has used a key meanwhile, everything is done again, and finds it.
    async fn insert(&self, tx: &Tx) -> Outcome<()> {
        if self.env.is_empty() {
            return Ok(());
        }
        // In the order of the keys: so two nodes wait for each other, and never in a ring.
        let sql = "INSERT INTO idempotency (env, key, fingerprint, receipt, created_at)
                   SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[],
                       $5::bigint[]) AS used (env, key, fingerprint, receipt, created_at)
                   ORDER BY env, key
                   ON CONFLICT DO NOTHING";
        let fingerprints: Vec<&[u8]> = self.fingerprint.iter().map(|one| &one[..]).collect();
        let receipts: Vec<&[u8]> = self.receipt.iter().map(|one| &one[..]).collect();
        let values: &[crate::transaction::Value<'_>] =
            &[&self.env, &self.key, &fingerprints, &receipts, &self.created_at];
        let inserted = tx.execute(sql, values).await?;
        if inserted == self.env.len() as u64 { Ok(()) } else { Err(Failed::Overtaken) }
    }
}
