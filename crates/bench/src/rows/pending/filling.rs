//! Filling a database with pending retries.
//!
//! Each of an account's 20 webhooks asks for another one of the catalogue's types, so every event
//! makes one delivery, and a million retries are a million events with their bodies.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use herald_domain::{
    account::{Account, EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure},
    catalogue::Catalogue,
    event::Event,
    id::{AccountId, EventId, IdSequence, WebhookId},
    signature::{SECRET_LENGTH, Secret},
    time::Timestamp,
    webhook::{Subscription, Webhook},
};
use herald_engine::{SealKey, Sealer, SystemChance};
use herald_store::{
    Accounts as _, After, Claimed, Created, NewAccount, Queue as _, Record, Recorded,
    Recording as _, Settlement, Webhooks as _,
};
use herald_store_sqlite::SqliteStore;

use crate::{
    event::{notification, padded_client},
    herald::SECRET_KEY,
};

const ACCOUNTS: usize = 50;

/// Webhooks of an account, and event types: each asks for one.
const WEBHOOKS: usize = 20;

/// Events to a transaction.
const BATCH: usize = 1_000;

/// The first retry is so far ahead …
const SOONEST: Duration = Duration::from_secs(4 * 86_400);

/// … and the others are spread over so much more.
const SPREAD: Duration = Duration::from_secs(86_400);

/// Makes a database at `path` in which `pending` deliveries wait.
pub(super) async fn fill(path: &Path, pending: usize) -> Result<()> {
    let filling = Filling::new(path)?;
    let mut environments = Vec::with_capacity(ACCOUNTS);
    for _ in 0..ACCOUNTS {
        environments.push(filling.account().await?);
    }
    let mut made = 0;
    for environment in environments.into_iter().cycle() {
        if made >= pending {
            break;
        }
        let count = BATCH.min(pending - made);
        let claimed = filling.record(environment, made, count).await?;
        ensure!(claimed.len() == count, "an event made {} deliveries", claimed.len());
        filling.settle(claimed, made, pending).await?;
        made += count;
    }
    Ok(())
}

struct Filling {
    store: SqliteStore,
    ids: Arc<IdSequence>,
    types: Vec<String>,
    body: Bytes,
    sealer: Sealer,
    secret: Secret,
    now: Timestamp,
}

impl Filling {
    fn new(path: &Path) -> Result<Self> {
        let ids = Arc::new(IdSequence::new(*b"fill."));
        let store = SqliteStore::open(path, ids.clone())?;
        let types: Vec<String> =
            Catalogue::built_in().iter().take(WEBHOOKS).map(|known| known.name.clone()).collect();
        ensure!(types.len() == WEBHOOKS, "the catalogue has {} types", types.len());
        let body = notification(EventId::from_bytes([0; 12]), &padded_client(0)?)?;
        let key = (0..64).step_by(2).map(|at| u8::from_str_radix(&SECRET_KEY[at..at + 2], 16));
        let key: Vec<u8> = key.collect::<Result<_, _>>()?;
        let key = key.try_into().ok().context("a sealing key is 32 bytes as hex")?;
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        Ok(Self {
            store,
            ids,
            types,
            body,
            sealer: Sealer::new(&SealKey(key)),
            secret: Secret::new("a".repeat(SECRET_LENGTH))?,
            now: Timestamp::from_millis(i64::try_from(millis)?),
        })
    }

    async fn account(&self) -> Result<EnvironmentId> {
        let id = AccountId(self.ids.next(self.now));
        let account = Account { id, name: "pending".into(), created_at: self.now };
        self.store.create_account(NewAccount { account, keys: Vec::new() }).await?;
        let environment = EnvironmentId { account: id, mode: Mode::Test };
        for event_type in &self.types {
            let webhook = self.webhook(environment, event_type.clone());
            let created = self.store.create_webhook(webhook, 20).await?;
            ensure!(created == Created::Created, "a webhook was not made: {created:?}");
        }
        Ok(environment)
    }

    fn webhook(&self, environment: EnvironmentId, event_type: String) -> Webhook {
        let id = WebhookId(self.ids.next(self.now));
        Webhook {
            id,
            environment,
            description: None,
            url: "https://example.com/webhooks".into(),
            enabled: true,
            events: Subscription::from_stored(vec![event_type]),
            secret: self.sealer.seal(id, &self.secret, &SystemChance),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    async fn record(
        &self,
        environment: EnvironmentId,
        made: usize,
        count: usize,
    ) -> Result<Vec<Claimed>> {
        let event = |number: usize| Event {
            id: EventId(self.ids.next(self.now)),
            event_type: self.types[number % WEBHOOKS].clone(),
            resource_type: "client".into(),
            created_at: self.now,
            body: self.body.clone(),
        };
        let events = (made..made + count).map(event).collect();
        let record = Record {
            environment,
            writes: Vec::new(),
            events,
            idempotency: None,
            only: None,
            at: self.now,
        };
        match self.store.record(record).await? {
            Recorded::Accepted { claimed, .. } => Ok(claimed),
            other => bail!("events were not accepted: {other:?}"),
        }
    }

    async fn settle(&self, claimed: Vec<Claimed>, made: usize, pending: usize) -> Result<()> {
        let count = claimed.len();
        let settlements = claimed.into_iter().zip(made..).map(|(claimed, number)| {
            let share = number as f64 / pending as f64;
            let due_at = self.now.after(SOONEST + SPREAD.mul_f64(share));
            Settlement {
                key: claimed.key,
                number: claimed.attempts + 1,
                attempt: self.failed(),
                after: After::Retry { due_at },
                warning: None,
                notices: false,
            }
        });
        let settled = self.store.settle(settlements.collect()).await?;
        ensure!(settled.stale == 0, "{} of {count} settlements were stale", settled.stale);
        Ok(())
    }

    fn failed(&self) -> Attempt {
        let detail = "The receiver did not answer with a complete head in time.";
        let failure = Failure { class: ErrorClass::Timeout, detail: detail.into() };
        Attempt {
            started_at: self.now,
            duration: Duration::from_secs(15),
            url: "https://example.com/webhooks".into(),
            address: None,
            signatures: None,
            answer: Answer::Failure(failure),
        }
    }
}
