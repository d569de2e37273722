//! Other nodes, in the test's hand: a store that is one of several nodes' as far as its engine can
//! tell, beside what the store itself says of others.
//!
//! What is remembered is the store's own, which several such nodes may share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::{Account, ApiKey, EnvironmentId},
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    event::Event,
    id::{
        AccountId, DeliveryId, EndpointId, EventId, KeyId, RecoveryId, RequestId, ResourceId,
        WebhookId,
    },
    notice::Notice,
    resource::{Kind, document::Side},
    rotation::SecretChange,
    session::{NewSession, PortalLink, Session},
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};
use herald_store::{
    Accounts, Books, Bounds, Claim, Created, DeliveryCounts, DeliveryFilter, DeliveryKey,
    DeliveryView, Due, DueResources, Endpoints, EventFilter, History, HourTally, Lease, Listed,
    ManualAttempt, Missed, NewAccount, Nodes, NoticeTaken, Notices, NumberedAttempt, Page, Queue,
    Record, Recorded, Recording, Recoveries, Recovery, RecoveryCreated, RecoveryFilter,
    RecoveryStep, ResourceFilter, Resources, Result, SecretChanged, Sessions, Settled, Settlement,
    Signal, Statistics, Store, Stored, TimeRange, Upkeep, WebhookFilter, Webhooks,
};
use tokio::sync::{Mutex, mpsc};

/// A store that is one of several nodes', if the test says so. At first nothing is said, and it
/// holds what it has claimed.
pub struct OneOfSeveral {
    store: Arc<dyn Store>,
    holds: AtomicBool,
    /// 0: as many as the store says.
    dispatchers: AtomicUsize,
    has_left: AtomicBool,
    blind: AtomicUsize,
    tell: mpsc::UnboundedSender<Signal>,
    told: Mutex<mpsc::UnboundedReceiver<Signal>>,
}

impl std::fmt::Debug for OneOfSeveral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneOfSeveral").finish_non_exhaustive()
    }
}

impl OneOfSeveral {
    /// A node on this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            store,
            holds: AtomicBool::new(true),
            dispatchers: AtomicUsize::new(0),
            has_left: AtomicBool::new(false),
            blind: AtomicUsize::new(0),
            tell,
            told: Mutex::new(told),
        }
    }

    /// Another node tells this one.
    pub fn tell(&self, signal: Signal) {
        // Who asks for the next one has the other end in the same value.
        let _ = self.tell.send(signal);
    }

    /// The lease of this node has ended, or has become good again.
    pub fn hold(&self, holds: bool) {
        self.holds.store(holds, Ordering::Release);
    }

    /// So many nodes dispatch. The engine looks when it looks around.
    pub fn dispatch_with(&self, dispatchers: usize) {
        self.dispatchers.store(dispatchers, Ordering::Release);
    }

    /// Whether the node has left the others.
    pub fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Acquire)
    }

    /// The next so many look-ups of an account or a webhook find nothing: as if they came before
    /// another node has made it.
    pub fn come_before_the_others(&self, look_ups: usize) {
        self.blind.store(look_ups, Ordering::Release);
    }

    fn sees(&self) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        self.blind.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).is_err()
    }
}

#[async_trait]
impl Nodes for OneOfSeveral {
    fn holds(&self, lease: Lease) -> bool {
        self.holds.load(Ordering::Acquire) && self.store.holds(lease)
    }

    fn dispatchers(&self) -> usize {
        match self.dispatchers.load(Ordering::Acquire) {
            0 => self.store.dispatchers(),
            dispatchers => dispatchers,
        }
    }

    async fn signal(&self) -> Signal {
        let mut told = self.told.lock().await;
        tokio::select! {
            Some(signal) = told.recv() => signal,
            signal = self.store.signal() => signal,
        }
    }

    fn round_trips(&self) -> u64 {
        self.store.round_trips()
    }

    async fn agree(&self, name: &'static str, proposed: Vec<u8>) -> Result<Vec<u8>> {
        self.store.agree(name, proposed).await
    }

    async fn leave(&self) -> Result<()> {
        self.has_left.store(true, Ordering::Release);
        self.store.leave().await
    }
}

/// Passes the methods of a trait on to the store, but for those that are given.
macro_rules! pass_on {
    ($trait:ident {
        $($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)*
    } $(but { $($own:tt)* })?) => {
        #[async_trait]
        impl $trait for OneOfSeveral {
            $(async fn $name(&self, $($given: $type),*) -> Result<$answer> {
                self.store.$name($($given),*).await
            })*
            $($($own)*)?
        }
    };
}

pass_on!(Accounts {
    create_account(new: NewAccount) -> bool;
    list_accounts(page: Page) -> Listed<Account>;
    add_key(key: ApiKey) -> bool;
    list_keys(account: AccountId) -> Vec<ApiKey>;
    revoke_key(account: AccountId, key: KeyId, at: Timestamp) -> Option<ApiKey>;
    find_key(hash: [u8; 32]) -> Option<ApiKey>;
} but {
    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        if self.sees() { self.store.account(id).await } else { Ok(None) }
    }
});

pass_on!(Webhooks {
    create_webhook(webhook: Webhook, limit: u32) -> Created;
    update_webhook(of: EnvironmentId, id: WebhookId, patch: WebhookPatch, at: Timestamp)
        -> Option<Webhook>;
    change_secret(of: EnvironmentId, id: WebhookId, change: SecretChange, at: Timestamp)
        -> SecretChanged;
    delete_webhook(of: EnvironmentId, id: WebhookId, at: Timestamp) -> bool;
    list_webhooks(of: EnvironmentId, filter: WebhookFilter, page: Page) -> Listed<Webhook>;
} but {
    async fn webhook(&self, of: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>> {
        if self.sees() { self.store.webhook(of, id).await } else { Ok(None) }
    }
});

pass_on!(Resources {
    resource(of: EnvironmentId, kind: Kind, id: ResourceId) -> Option<Stored>;
    list_resources(of: EnvironmentId, kind: Kind, filter: ResourceFilter, page: Page)
        -> Listed<Bytes>;
    belongings(of: EnvironmentId, client: ResourceId) -> Vec<Stored>;
    image(of: EnvironmentId, document: ResourceId, side: Side) -> Option<Bytes>;
    due_resources(now: Timestamp, limit: usize) -> DueResources;
});

pass_on!(Recording {
    record(record: Record) -> Recorded;
});

pass_on!(Queue {
    claim(webhook: WebhookId, now: Timestamp, limit: usize) -> Claim;
    release(keys: Vec<DeliveryKey>) -> ();
    settle(settlements: Arc<[Settlement]>) -> Settled;
    settle_manual(manual: ManualAttempt) -> Option<u32>;
    due(after: Option<WebhookId>, limit: usize) -> Vec<Due>;
} but {
    fn gathers(&self) -> Duration {
        self.store.gathers()
    }
});

pass_on!(Notices {
    waiting_notices(limit: usize) -> Vec<Notice>;
    take_notice(id: EventId, record: Option<Record>) -> NoticeTaken;
});

pass_on!(History {
    event(of: EnvironmentId, id: EventId) -> Option<Event>;
    test_event_for(of: EnvironmentId, id: EventId) -> Option<WebhookId>;
    list_events(of: EnvironmentId, filter: EventFilter, page: Page) -> Listed<Event>;
    delivery(of: EnvironmentId, id: DeliveryId) -> Option<DeliveryView>;
    list_deliveries(of: EnvironmentId, filter: DeliveryFilter, page: Page) -> Listed<DeliveryView>;
    next_attempts(of: EnvironmentId, webhook: WebhookId, limit: usize) -> Vec<DeliveryView>;
    delivery_counts(of: EnvironmentId) -> Vec<DeliveryCounts>;
    attempts(of: EnvironmentId, id: DeliveryId) -> Vec<NumberedAttempt>;
    books(of: Option<EnvironmentId>) -> Books;
});

pass_on!(Statistics {
    statistics(of: EnvironmentId, webhook: Option<WebhookId>, hours: TimeRange) -> Vec<HourTally>;
    expire_statistics(before: Timestamp, limit: usize) -> usize;
});

pass_on!(Recoveries {
    count_missed(missed: Missed) -> u64;
    create_recovery(recovery: Recovery) -> RecoveryCreated;
    recovery(of: EnvironmentId, id: RecoveryId) -> Option<Recovery>;
    list_recoveries(of: EnvironmentId, filter: RecoveryFilter, page: Page) -> Listed<Recovery>;
    cancel_recovery(of: EnvironmentId, id: RecoveryId, at: Timestamp) -> Option<Recovery>;
    running_recoveries(limit: usize) -> Vec<Recovery>;
    recover_some(id: RecoveryId, at: Timestamp, limit: usize) -> Option<RecoveryStep>;
    expire_recoveries(before: Timestamp, limit: usize) -> usize;
});

pass_on!(Upkeep {
    expire(before: Timestamp, limit: usize) -> usize;
    expire_keys(before: Timestamp, limit: usize) -> usize;
    cancel_orphans(at: Timestamp, limit: usize) -> usize;
    end_rotations(now: Timestamp, limit: usize) -> usize;
    advance_due(now: Timestamp, by: Duration) -> ();
    note_time(now: Timestamp) -> Option<Timestamp>;
    probe() -> ();
});

pass_on!(Sessions {
    create_link(link: PortalLink) -> bool;
    link(hash: [u8; 32]) -> Option<PortalLink>;
    use_link(link: [u8; 32], session: NewSession) -> Option<PortalLink>;
    session(hash: [u8; 32]) -> Option<Session>;
    note_session(hash: [u8; 32], at: Timestamp) -> ();
    end_session(hash: [u8; 32]) -> bool;
    end_sessions(account: AccountId) -> usize;
    expire_sessions(now: Timestamp, limit: usize) -> usize;
});

pass_on!(Endpoints {
    create_endpoint(endpoint: Endpoint, limit: u32) -> Created;
    endpoint(of: EnvironmentId, id: EndpointId, at: Timestamp) -> Option<Endpoint>;
    endpoint_by_token(hash: [u8; 32], at: Timestamp) -> Option<Endpoint>;
    list_endpoints(of: EnvironmentId, at: Timestamp, page: Page) -> Listed<Endpoint>;
    update_endpoint(of: EnvironmentId, id: EndpointId, patch: EndpointPatch, at: Timestamp)
        -> Option<Endpoint>;
    delete_endpoint(of: EnvironmentId, id: EndpointId, at: Timestamp) -> bool;
    keep_request(to: EndpointId, request: KeptRequest, bounds: Bounds) -> Option<KeptRequest>;
    list_requests(of: EnvironmentId, to: EndpointId, page: Page) -> Listed<KeptRequest>;
    kept_request(of: EnvironmentId, to: EndpointId, id: RequestId) -> Option<KeptRequest>;
    requests_after(of: EnvironmentId, to: EndpointId, after: u64, limit: usize)
        -> Vec<KeptRequest>;
    expire_endpoints(at: Timestamp, limit: usize) -> usize;
});
