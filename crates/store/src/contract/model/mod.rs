//! A store in plain collections: the oracle of the random walk, simple enough to be right by
//! reading.
//!
//! Everything is a list that is searched from end to end under one lock, so that each trait's
//! file reads like the trait's comments. It is no backend: it forgets all when its process ends.

mod accounts;
mod endpoints;
mod history;
mod nodes;
mod notices;
mod queue;
mod recording;
mod recoveries;
mod resources;
mod sessions;
mod statistics;
mod upkeep;
mod webhooks;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use herald_domain::{
    account::{Account, ApiKey, EnvironmentId},
    attempt::Answer,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, IdSequence, WebhookId},
    notice::Notice,
    session::{PortalLink, Session},
    time::Timestamp,
    webhook::Webhook,
};

use endpoints::EndpointRow;
use notices::Mark;
use resources::Shelf;
pub(super) use resources::keeps;

use super::Backend;
use crate::{Destination, Idempotency, Listed, NumberedAttempt, Page, Receipt, Recovery};

/// The model's data, which outlive the model as a file would.
#[derive(Debug, Default)]
pub struct Memory(Arc<Mutex<Data>>);

/// The model.
#[derive(Debug)]
pub struct Model(Arc<Mutex<Data>>);

impl Backend for Memory {
    type Store = Model;

    async fn open(&self) -> Model {
        let model = Model(self.0.clone());
        for row in model.data().deliveries.values_mut() {
            row.claimed = false;
        }
        model
    }
}

impl Model {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.lock().expect("the model does not panic under its lock")
    }
}

type Counts = BTreeMap<(WebhookId, Timestamp, usize), (u64, u64)>;

#[derive(Debug)]
struct Data {
    accounts: Vec<Account>,
    keys: Vec<ApiKey>,
    links: Vec<PortalLink>,
    sessions: Vec<Session>,
    webhooks: Vec<WebhookRow>,
    shelf: Shelf,
    endpoints: Vec<EndpointRow>,
    /// By number.
    events: BTreeMap<u64, EventRow>,
    /// By the event's number and the webhook.
    deliveries: BTreeMap<(u64, WebhookId), DeliveryRow>,
    receipts: Vec<ReceiptRow>,
    /// The oldest first.
    recoveries: Vec<RecoveryRow>,
    /// The oldest first.
    notices: Vec<Notice>,
    /// The environment and last state of each delivery that expired.
    expired: Vec<(EnvironmentId, DeliveryState)>,
    /// By webhook, hour and class of duration: attempts, and those that succeeded.
    attempts: Counts,
    noted: Option<Timestamp>,
    agreed: BTreeMap<&'static str, Vec<u8>>,
    last_sequence: u64,
    ids: IdSequence,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            keys: Vec::new(),
            links: Vec::new(),
            sessions: Vec::new(),
            webhooks: Vec::new(),
            shelf: Shelf::default(),
            endpoints: Vec::new(),
            events: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            receipts: Vec::new(),
            recoveries: Vec::new(),
            notices: Vec::new(),
            expired: Vec::new(),
            attempts: BTreeMap::new(),
            noted: None,
            agreed: BTreeMap::new(),
            last_sequence: 0,
            ids: IdSequence::new(*b"model"),
        }
    }
}

#[derive(Debug)]
struct WebhookRow {
    webhook: Webhook,
    deleted: bool,
    succeeded_at: Option<Timestamp>,
    mark: Option<Mark>,
    warned_at: Option<Timestamp>,
}

#[derive(Debug)]
struct EventRow {
    environment: EnvironmentId,
    event: Event,
    test_for: Option<WebhookId>,
}

#[derive(Debug)]
struct DeliveryRow {
    id: DeliveryId,
    environment: EnvironmentId,
    state: DeliveryState,
    due_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    log: Vec<NumberedAttempt>,
    /// What was answered to the last attempt, if it was a scheduled one or delivered.
    last: Option<Answer>,
    /// How many attempts were made before the present schedule.
    restarted: u32,
    /// The last ones that were made on request.
    manual: Vec<NumberedAttempt>,
    claimed: bool,
}

#[derive(Debug)]
struct RecoveryRow {
    recovery: Recovery,
    /// The largest number of an event that it is through with.
    looked_at: u64,
    /// The largest number of an event when it was made.
    last: u64,
}

#[derive(Debug)]
struct ReceiptRow {
    environment: EnvironmentId,
    idempotency: Idempotency,
    receipt: Receipt,
    used_at: Timestamp,
}

impl Data {
    /// The webhook, unless it is deleted.
    fn webhook(&self, id: WebhookId) -> Option<&WebhookRow> {
        self.webhooks.iter().find(|row| row.webhook.id == id && !row.deleted)
    }

    fn webhook_mut(&mut self, id: WebhookId) -> Option<&mut WebhookRow> {
        self.webhooks.iter_mut().find(|row| row.webhook.id == id && !row.deleted)
    }

    fn destination(&self, id: WebhookId) -> Option<Destination> {
        let WebhookRow { webhook, succeeded_at, .. } = self.webhook(id)?;
        Some(Destination { webhook: Arc::new(webhook.clone()), succeeded_at: *succeeded_at })
    }

    /// What of a webhook may be claimed once it is due, the oldest due first.
    fn unclaimed(&self, webhook: WebhookId) -> Vec<(Timestamp, u64)> {
        let mine = self.deliveries.iter().filter(|((_, to), row)| {
            *to == webhook && row.state == DeliveryState::Pending && !row.claimed
        });
        let mut found: Vec<_> = mine.map(|((sequence, _), row)| (row.due_at, *sequence)).collect();
        found.sort_unstable();
        found
    }
}

/// One page of what is given oldest first.
fn paged<T>(oldest_first: Vec<T>, page: Page) -> Listed<T> {
    let total = oldest_first.len() as u64;
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let rest = oldest_first.into_iter().rev().skip(skipped);
    Listed { items: rest.take(page.size() as usize).collect(), total }
}
