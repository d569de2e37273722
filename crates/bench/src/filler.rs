//! Filling a store through its own traits, with what Herald would have put there.

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
    event::Event,
    id::{AccountId, EventId, IdSequence, WebhookId},
    signature::{SECRET_LENGTH, Secret},
    time::Timestamp,
    webhook::{Subscription, Webhook},
};
use herald_engine::{SealKey, Sealer, SystemChance};
use herald_store::{
    Accounts as _, Claimed, Created, NewAccount, Record, Recorded, Recording as _, Webhooks as _,
};
use herald_store_sqlite::SqliteStore;

use crate::{
    event::{notification, padded_client},
    herald::SECRET_KEY,
};

/// Webhooks of an environment at most.
const LIMIT: u32 = 20;

/// Where webhooks point that nothing is sent to.
pub(crate) const NOWHERE: &str = "https://example.com/webhooks";

/// A store that is being filled.
pub(crate) struct Filler {
    pub(crate) store: SqliteStore,
    ids: Arc<IdSequence>,
    body: Bytes,
    sealer: Sealer,
    secret: Secret,
    pub(crate) now: Timestamp,
}

impl Filler {
    /// Opens or makes the file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let ids = Arc::new(IdSequence::new(*b"fill."));
        let store = SqliteStore::open(path, ids.clone())?;
        let body = notification(EventId::from_bytes([0; 12]), &padded_client(0)?)?;
        let key = (0..64).step_by(2).map(|at| u8::from_str_radix(&SECRET_KEY[at..at + 2], 16));
        let key: Vec<u8> = key.collect::<Result<_, _>>()?;
        let key = key.try_into().ok().context("a sealing key is 32 bytes as hex")?;
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        Ok(Self {
            store,
            ids,
            body,
            sealer: Sealer::new(&SealKey(key)),
            secret: Secret::new("a".repeat(SECRET_LENGTH))?,
            now: Timestamp::from_millis(i64::try_from(millis)?),
        })
    }

    /// Makes an account; answers its test environment.
    pub(crate) async fn account(&self, name: &str) -> Result<EnvironmentId> {
        let id = AccountId(self.ids.next(self.now));
        let account = Account { id, name: name.into(), created_at: self.now };
        self.store.create_account(NewAccount { account, keys: Vec::new() }).await?;
        Ok(EnvironmentId { account: id, mode: Mode::Test })
    }

    /// Makes a webhook that asks for one type.
    pub(crate) async fn webhook(
        &self,
        environment: EnvironmentId,
        event_type: &str,
    ) -> Result<WebhookId> {
        let id = WebhookId(self.ids.next(self.now));
        let webhook = Webhook {
            id,
            environment,
            description: None,
            url: NOWHERE.into(),
            enabled: true,
            events: Subscription::from_stored(vec![event_type.into()]),
            secret: self.sealer.seal(id, &self.secret, &SystemChance),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let created = self.store.create_webhook(webhook, LIMIT).await?;
        ensure!(created == Created::Created, "a webhook was not made: {created:?}");
        Ok(id)
    }

    /// Records an event of each of these types at `at`, for one webhook only if that is given.
    /// Answers the pending deliveries.
    pub(crate) async fn record(
        &self,
        environment: EnvironmentId,
        types: impl Iterator<Item = &str>,
        only: Option<WebhookId>,
        at: Timestamp,
    ) -> Result<Vec<Claimed>> {
        let event = |event_type: &str| Event {
            id: EventId(self.ids.next(at)),
            event_type: event_type.to_owned(),
            resource_type: "client".into(),
            created_at: at,
            body: self.body.clone(),
        };
        let events = types.map(event).collect();
        let writes = Vec::new();
        let record = Record { environment, writes, events, idempotency: None, only, at };
        match self.store.record(record).await? {
            Recorded::Accepted { claimed, .. } => Ok(claimed),
            other => bail!("events were not accepted: {other:?}"),
        }
    }
}

/// An attempt that nobody answered.
pub(crate) fn failed(at: Timestamp) -> Attempt {
    let detail = "The receiver did not answer with a complete head in time.";
    let failure = Failure { class: ErrorClass::Timeout, detail: detail.into() };
    attempt(at, Duration::from_secs(15), Answer::Failure(failure))
}

/// An attempt.
pub(crate) fn attempt(started_at: Timestamp, duration: Duration, answer: Answer) -> Attempt {
    Attempt { started_at, duration, url: NOWHERE.into(), address: None, signatures: None, answer }
}
