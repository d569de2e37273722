//! The model's recording of changes: writes, and events with their fan-out.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    fan_out::{Match, fan_out, first_state_for_only},
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
    webhook::Webhook,
};

use super::{Data, DeliveryRow, EventRow, Model, ReceiptRow};
use crate::{
    Claimed, DeliveryKey, Lease, Receipt, Record, Recorded, Recording, Result, StoreError,
};

#[async_trait]
impl Recording for Model {
    async fn record(&self, record: Record) -> Result<Recorded> {
        self.data().record(record)
    }
}

impl Data {
    /// Records a change.
    pub(super) fn record(&mut self, record: Record) -> Result<Recorded> {
        let Record { environment, writes, events, idempotency, only, at } = record;
        if !self.accounts.iter().any(|account| account.id == environment.account) {
            return Ok(Recorded::UnknownAccount);
        }
        let earlier = self.receipts.iter().find(|row| {
            let key = idempotency.as_ref().map(|idempotency| &idempotency.key);
            row.environment == environment && Some(&row.idempotency.key) == key
        });
        if let Some(row) = earlier {
            let same = Some(&row.idempotency) == idempotency.as_ref();
            return Ok(if same {
                Recorded::Replayed(row.receipt.clone())
            } else {
                Recorded::KeyReused
            });
        }
        if events.iter().any(|event| self.has(environment, event.id)) {
            return Err(StoreError::Internal("an event's id is used again".into()));
        }
        if only.is_some_and(|id| !self.takes(environment, id)) {
            return Ok(Recorded::Unwelcome);
        }
        match self.shelf.after(environment, writes)? {
            Some(shelf) => self.shelf = shelf,
            None => return Ok(Recorded::Conflict),
        }
        let mut receipt = Receipt { events: Vec::new(), deliveries: 0 };
        let mut claimed = Vec::new();
        for event in events {
            receipt.events.push((event.id, event.event_type.clone()));
            receipt.deliveries += self.accept((environment, only), event, at, &mut claimed);
        }
        self.receipts.extend(idempotency.map(|idempotency| ReceiptRow {
            environment,
            idempotency,
            receipt: receipt.clone(),
            used_at: at,
        }));
        let mut webhooks: Vec<_> = claimed.iter().map(|one| one.key.webhook).collect();
        webhooks.sort_unstable();
        webhooks.dedup();
        let destinations = webhooks.into_iter().filter_map(|id| self.destination(id)).collect();
        Ok(Recorded::Accepted { receipt, claimed, destinations })
    }

    fn has(&self, environment: EnvironmentId, id: EventId) -> bool {
        self.events.values().any(|row| row.environment == environment && row.event.id == id)
    }

    /// Whether this webhook of the environment takes what is meant for it alone.
    fn takes(&self, environment: EnvironmentId, id: WebhookId) -> bool {
        let found = self.webhook(id).filter(|row| row.webhook.environment == environment);
        found.is_some_and(|row| row.webhook.enabled)
    }

    /// Stores an event and its deliveries; how many there are.
    fn accept(
        &mut self,
        (environment, only): (EnvironmentId, Option<WebhookId>),
        event: Event,
        at: Timestamp,
        claimed: &mut Vec<Claimed>,
    ) -> u64 {
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        let rows = self.webhooks.iter().filter(|row| !row.deleted);
        let webhooks: Vec<&Webhook> = rows
            .map(|row| &row.webhook)
            .filter(|webhook| webhook.environment == environment)
            .collect();
        let matches: Vec<_> = match only {
            None => fan_out(&event.event_type, webhooks).collect(),
            Some(only) => webhooks
                .into_iter()
                .filter_map(|webhook| {
                    let state = first_state_for_only(webhook, only)?;
                    Some(Match { webhook: webhook.id, state })
                })
                .collect(),
        };
        for matched in &matches {
            let row = DeliveryRow {
                id: DeliveryId(self.ids.next(at)),
                environment,
                state: matched.state,
                due_at: at,
                created_at: at,
                updated_at: at,
                log: Vec::new(),
                last: None,
                restarted: 0,
                manual: Vec::new(),
                claimed: matched.state == DeliveryState::Pending,
            };
            if row.claimed {
                let key = DeliveryKey {
                    environment,
                    sequence,
                    webhook: matched.webhook,
                    delivery: row.id,
                    lease: Lease::default(),
                };
                claimed.push(row.claim(key, &event));
            }
            self.deliveries.insert((sequence, matched.webhook), row);
        }
        self.events.insert(sequence, EventRow { environment, event, test_for: only });
        matches.len() as u64
    }
}

impl DeliveryRow {
    /// What a claimer of this row gets.
    pub(super) fn claim(&self, key: DeliveryKey, event: &Event) -> Claimed {
        Claimed {
            key,
            event: event.id,
            body: event.body.clone(),
            attempts: self.attempts(),
            restarted: self.restarted,
            first_attempt_at: self.log.get(self.restarted as usize).map(|a| a.attempt.started_at),
            due_at: self.due_at,
        }
    }

    /// Attempts made so far.
    pub(super) fn attempts(&self) -> u32 {
        self.log.last().map_or(0, |last| last.number)
    }
}
