//! Test data, and the scene on which a law is tried: a store, one account, a clock that only moves
//! when it is asked.
//!
//! Every value is fixed or counted, so that a failure repeats itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use herald_domain::{
    account::{Account, ApiKey, EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    event::Event,
    id::{AccountId, DeliveryId, EventId, IdSequence, KeyId, ObjectId, WebhookId},
    signature::Signatures,
    time::Timestamp,
    webhook::{SealedSecret, Subscription, Webhook, WebhookPatch},
};

use super::Backend;
use crate::{
    Accounts, After, Claim, Claimed, Created, DeliveryFilter, DeliveryKey, DeliveryView,
    Destination, History, Idempotency, Lease, NewAccount, Page, Queue, Receipt, Record, Recorded,
    Recording, Settled, Settlement, WebhookFilter, Webhooks,
};

/// When every scene begins, milliseconds since the epoch.
const BEGINNING: i64 = 1_700_000_000_000;

/// More webhooks than any law makes, for laws that are not about the limit.
pub const AMPLE: u32 = 1_000;

/// A store with one account, and what makes more of everything.
#[derive(Debug)]
pub struct Scene<B: Backend> {
    backend: B,
    /// The store under test. Shared, so that tasks may press it from several sides.
    pub store: Arc<B::Store>,
    /// The test environment of the account that every scene has.
    pub environment: EnvironmentId,
    ids: IdSequence,
    clock: AtomicI64,
}

/// What an accepted record brought.
#[derive(Debug)]
pub struct Accepted {
    /// For the publisher.
    pub receipt: Receipt,
    /// Claimed by the recorder.
    pub claimed: Vec<Claimed>,
    /// The webhooks of `claimed`.
    pub destinations: Vec<Destination>,
}

impl<B: Backend> Scene<B> {
    /// Opens the backend, and makes an account in it.
    pub async fn new(backend: B) -> Self {
        let store = Arc::new(backend.open().await);
        let ids = IdSequence::new(*b"scene");
        let clock = AtomicI64::new(BEGINNING);
        let unset = AccountId::from_bytes([0; 12]);
        let environment = EnvironmentId { account: unset, mode: Mode::Test };
        let mut scene = Self { backend, store, environment, ids, clock };
        scene.environment.account = scene.account().await.id;
        scene
    }

    /// The same data in a new process: the old store is gone before the new one opens.
    pub async fn reopened(mut self) -> Self {
        let Self { store, .. } = self;
        assert_eq!(Arc::strong_count(&store), 1, "a task still holds the store that is to crash");
        drop(store);
        self.store = Arc::new(self.backend.open().await);
        self
    }

    /// A second later than ever before.
    pub fn tick(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.fetch_add(1000, Ordering::Relaxed) + 1000)
    }

    /// An id later than every other of the scene.
    pub fn id(&self) -> ObjectId {
        self.ids.next(self.tick())
    }

    /// The live environment of the scene's account.
    pub fn live(&self) -> EnvironmentId {
        EnvironmentId { mode: Mode::Live, ..self.environment }
    }

    /// Environments that share nothing with the scene's: the account's other one, and the same
    /// mode of another account.
    pub async fn strangers(&self) -> [EnvironmentId; 2] {
        let account = self.account().await.id;
        [self.live(), EnvironmentId { account, ..self.environment }]
    }

    /// Makes another account, without keys.
    pub async fn account(&self) -> Account {
        let account = self.new_account();
        let new = NewAccount { account: account.clone(), keys: Vec::new() };
        self.store.create_account(new).await.unwrap();
        account
    }

    /// An account that is not in the store.
    pub fn new_account(&self) -> Account {
        let created_at = self.tick();
        let id = AccountId(self.ids.next(created_at));
        Account { id, name: format!("Ærø & Søn {id}"), created_at }
    }

    /// A key that is not in the store.
    pub fn new_key(&self, environment: EnvironmentId) -> ApiKey {
        let created_at = self.tick();
        let id = KeyId(self.ids.next(created_at));
        let mut hash = [0xa5; 32];
        hash[..12].copy_from_slice(id.as_bytes());
        ApiKey {
            id,
            environment,
            hash,
            hint: format!("{}_abcd", environment.mode),
            created_at,
            revoked_at: None,
        }
    }

    /// An enabled webhook of the scene's environment that is not in the store.
    pub fn new_webhook(&self, events: &[&str]) -> Webhook {
        let created_at = self.tick();
        let id = WebhookId(self.ids.next(created_at));
        Webhook {
            id,
            environment: self.environment,
            description: None,
            url: format!("https://example.com/{id}"),
            enabled: true,
            events: subscription(events),
            secret: SealedSecret(vec![0, 159, 146, 150, 255]),
            rotation: None,
            disabled: None,
            failing: None,
            created_at,
            updated_at: created_at,
        }
    }

    /// Makes an enabled webhook in the scene's environment.
    pub async fn webhook(&self, events: &[&str]) -> Webhook {
        self.add(self.new_webhook(events)).await
    }

    /// Makes a disabled webhook in the scene's environment.
    pub async fn disabled_webhook(&self, events: &[&str]) -> Webhook {
        self.add(Webhook { enabled: false, ..self.new_webhook(events) }).await
    }

    /// Makes this webhook.
    pub async fn add(&self, webhook: Webhook) -> Webhook {
        let created = self.store.create_webhook(webhook.clone(), AMPLE).await.unwrap();
        assert_eq!(created, Created::Created);
        webhook
    }

    /// Starts or stops the flow, as its owner would.
    pub async fn enable(&self, webhook: &Webhook, enabled: bool) -> Webhook {
        let patch = WebhookPatch { enabled: Some(enabled), ..WebhookPatch::default() };
        let update =
            self.store.update_webhook(webhook.environment, webhook.id, patch, self.tick()).await;
        update.unwrap().expect("the webhook is there")
    }

    /// Deletes a webhook that is there.
    pub async fn delete(&self, webhook: &Webhook) {
        let at = self.tick();
        assert!(self.store.delete_webhook(webhook.environment, webhook.id, at).await.unwrap());
    }

    /// An event that is not in the store.
    pub fn new_event(&self, event_type: &str) -> Event {
        let created_at = self.tick();
        let id = EventId(self.ids.next(created_at));
        let resource_type = event_type.split('.').next().unwrap_or_default().to_owned();
        let body = format!(
            r#"{{"id":"{id}","type":"{event_type}","payload":{{"name":"Zoë \u0000 / 🦉"}}}}"#
        );
        Event {
            id,
            event_type: event_type.to_owned(),
            resource_type,
            created_at,
            body: body.into(),
        }
    }

    /// A record of one event in the scene's environment, accepted when the event was made.
    pub fn new_record(&self, event_type: &str) -> Record {
        let event = self.new_event(event_type);
        let at = event.created_at;
        let (environment, events) = (self.environment, vec![event]);
        Record { environment, writes: Vec::new(), events, idempotency: None, only: None, at }
    }

    /// The same with a key of the publisher's.
    pub fn keyed_record(&self, key: &str, fingerprint: u8) -> Record {
        let idempotency = Idempotency { key: key.to_owned(), fingerprint: [fingerprint; 32] };
        Record { idempotency: Some(idempotency), ..self.new_record("client.created") }
    }

    /// Records what has to be accepted. Its deliveries stay claimed.
    pub async fn record(&self, record: Record) -> Accepted {
        match self.store.record(record).await.unwrap() {
            Recorded::Accepted { receipt, claimed, destinations } => {
                Accepted { receipt, claimed, destinations }
            }
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Records one event that matches one enabled webhook. Its delivery stays claimed.
    pub async fn in_flight(&self, event_type: &str) -> Claimed {
        let mut accepted = self.record(self.new_record(event_type)).await;
        assert_eq!(accepted.claimed.len(), 1, "{:?}", accepted.claimed);
        accepted.claimed.remove(0)
    }

    /// Records one event that matches one enabled webhook, and releases its delivery.
    pub async fn waiting(&self, event_type: &str) -> Claimed {
        let claimed = self.in_flight(event_type).await;
        self.store.release(vec![claimed.key]).await.unwrap();
        claimed
    }

    /// Claims, at a time when everything so far is due.
    pub async fn claim(&self, webhook: WebhookId, limit: usize) -> Claim {
        self.store.claim(webhook, self.tick(), limit).await.unwrap()
    }

    /// Settles one attempt.
    pub async fn settle(&self, settlement: Settlement) -> Settled {
        self.store.settle([settlement].into()).await.unwrap()
    }

    /// Makes a delivery delivered, with an attempt that begins now.
    pub async fn deliver(&self, claimed: &Claimed) -> Settled {
        self.settle(settlement(claimed, answered(200, self.tick()), After::Delivered)).await
    }

    /// How people see the delivery of this event to this webhook.
    pub async fn view(&self, claimed: &Claimed) -> DeliveryView {
        let filter = DeliveryFilter {
            event: Some(claimed.event),
            webhook: Some(claimed.key.webhook),
            ..DeliveryFilter::default()
        };
        let listed = self.store.list_deliveries(claimed.key.environment, filter, whole()).await;
        let mut items = listed.unwrap().items;
        assert_eq!(items.len(), 1, "one delivery of {} to {}", claimed.event, claimed.key.webhook);
        items.remove(0)
    }

    /// The webhooks of the scene's environment.
    pub async fn webhooks(&self) -> Vec<Webhook> {
        let listed = self.store.list_webhooks(self.environment, WebhookFilter::default(), whole());
        listed.await.unwrap().items
    }

    /// A delivery that nobody could claim, as if it had been; its number is not known.
    pub fn unclaimed(&self, event: EventId, webhook: WebhookId) -> Claimed {
        Claimed {
            key: DeliveryKey {
                environment: self.environment,
                sequence: 0,
                webhook,
                delivery: DeliveryId::from_bytes([0; 12]),
                lease: Lease::default(),
            },
            event,
            body: Bytes::new(),
            attempts: 0,
            restarted: 0,
            first_attempt_at: None,
            due_at: self.tick(),
        }
    }

    /// All deliveries of the scene's environment.
    pub async fn views(&self, filter: DeliveryFilter) -> Vec<DeliveryView> {
        self.store.list_deliveries(self.environment, filter, whole()).await.unwrap().items
    }
}

/// Runs all of these at the same time; their outcomes, in no order.
pub async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    tasks.into_iter().collect::<tokio::task::JoinSet<T>>().join_all().await
}

/// The longest page there is.
pub fn whole() -> Page {
    Page::new(1, 1000).expect("1,000 items are allowed")
}

/// A subscription to these names.
pub fn subscription(names: &[&str]) -> Subscription {
    Subscription::from_stored(names.iter().copied().map(String::from).collect())
}

/// An attempt that was answered with this status after 250 ms.
pub fn answered(status: u16, started_at: Timestamp) -> Attempt {
    let response = Response {
        status,
        headers: vec![("content-type".into(), Bytes::from_static(b"text/plain"))],
        body: Bytes::from_static(b"noted"),
        truncated: false,
    };
    attempt(started_at, Answer::Response(response))
}

/// An attempt that failed without an answer after 250 ms.
pub fn failed(class: ErrorClass, started_at: Timestamp) -> Attempt {
    attempt(started_at, Answer::Failure(Failure { class, detail: format!("it was {class}") }))
}

/// An attempt with this outcome after 250 ms.
pub fn attempt(started_at: Timestamp, answer: Answer) -> Attempt {
    Attempt {
        started_at,
        duration: Duration::from_millis(250),
        url: "https://example.com/hook".into(),
        address: Some(([203, 0, 113, 9], 443).into()),
        signatures: Some(Signatures {
            timestamp: started_at.seconds(),
            complycube: [1; 32],
            standard: vec![[2; 32]],
        }),
        answer,
    }
}

/// The settlement of a claimed delivery's next attempt.
pub fn settlement(claimed: &Claimed, attempt: Attempt, after: After) -> Settlement {
    let (key, number) = (claimed.key, claimed.attempts + 1);
    Settlement { key, number, attempt, after, warning: None, notices: true }
}

/// The settlement of a claimed delivery whose attempt was answered 500, to be tried again then.
pub fn retry(claimed: &Claimed, started_at: Timestamp, due_at: Timestamp) -> Settlement {
    settlement(claimed, answered(500, started_at), After::Retry { due_at })
}
