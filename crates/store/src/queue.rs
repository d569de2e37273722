//! The database is the queue: what is due is claimed, attempted outside of any transaction, and
//! settled.
//!
//! A claim keeps everyone else's hands off a delivery until it is settled or released. It does
//! not outlive its process (embedded) or its lease (several nodes): then what was in flight is
//! due again, which is the whole of crash recovery.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    attempt::Attempt,
    id::{DeliveryId, EventId, WebhookId},
    notice::Warning,
    time::Timestamp,
    webhook::Webhook,
};

use crate::{Destination, Lease, Result};

/// Names a delivery by what it is, this event to this webhook, and under which lease it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    /// Where it belongs.
    pub environment: EnvironmentId,
    /// The event's number: the order in which events were committed.
    pub sequence: u64,
    /// To whom.
    pub webhook: WebhookId,
    /// Its id: a database that has forgotten the end of its log gives numbers again.
    pub delivery: DeliveryId,
    /// Under which it was claimed.
    pub lease: Lease,
}

/// A delivery that only the claimer may attempt.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Names it.
    pub key: DeliveryKey,
    /// The event's id, for the headers.
    pub event: EventId,
    /// What is sent. Shared between the deliveries of one event where it can be.
    pub body: Bytes,
    /// Scheduled attempts made so far.
    pub attempts: u32,
    /// How many of them were made before the present schedule began: 0, unless it was recovered.
    pub restarted: u32,
    /// When the first of the present schedule began.
    pub first_attempt_at: Option<Timestamp>,
    /// Since when it has been due.
    pub due_at: Timestamp,
}

/// What a claim brought.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The webhook as it is now; `None` if it is gone (nothing is claimed then).
    pub destination: Option<Destination>,
    /// The oldest due first.
    pub deliveries: Vec<Claimed>,
    /// When the next unclaimed one is due; it may be past.
    pub next_due: Option<Timestamp>,
}

/// A webhook that has something unclaimed to come, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub webhook: WebhookId,
    /// When its first unclaimed pending delivery is due; it may be past.
    pub at: Timestamp,
}

/// An ended attempt, and what was decided to follow from it.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which delivery.
    pub key: DeliveryKey,
    /// The attempt's number: 1 for the initial one.
    pub number: u32,
    /// What was done, and what came back.
    pub attempt: Attempt,
    /// What follows.
    pub after: After,
    /// That the webhook is close to being disabled, as decided. Only of a delivery that is tried
    /// again.
    pub warning: Option<Warning>,
    /// Whether the operator is to be told of what this does to the webhook.
    pub notices: bool,
}

/// What follows from an attempt, as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The delivery is delivered.
    Delivered,
    /// It stays pending, and is due again then.
    Retry {
        /// Not before this.
        due_at: Timestamp,
    },
    /// It is exhausted.
    Exhausted {
        /// Why its webhook is disabled with it, if it is.
        disable: Option<String>,
    },
}

/// An attempt that was made on request, outside of the schedule.
#[derive(Clone, Debug)]
pub struct ManualAttempt {
    /// Where the delivery belongs.
    pub environment: EnvironmentId,
    /// Which delivery.
    pub delivery: DeliveryId,
    /// What was done, and what came back.
    pub attempt: Attempt,
    /// Whether the delivery is delivered with it, as decided.
    pub delivered: bool,
}

/// Attempts made on request that are kept of a delivery: the last ones.
pub const MANUAL_KEPT: u32 = 100;

/// What came of settling.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Webhooks that this disabled, as they are now.
    pub disabled: Vec<Webhook>,
    /// Webhooks that are close to being disabled, of which nobody was told lately.
    pub warned: Vec<WebhookId>,
    /// How many settlements came too late to decide anything: the delivery was cancelled
    /// or delivered on request meanwhile, or another process settled it.
    pub stale: usize,
}

/// What is due, and what came of it.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Claims up to `limit` deliveries of a webhook that are due at `now`, the oldest due first.
    /// Nothing, while the webhook is disabled or gone.
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim>;

    /// Gives claims back unattempted; others may claim them at once.
    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()>;

    /// How long it is worth waiting for more to settle in one commit: no time, where a commit is a
    /// file's, and costs nobody else anything.
    fn gathers(&self) -> Duration;

    /// Records attempts with what follows from them, and gives their claims back.
    ///
    /// Fenced: a settlement decides only if its delivery is pending with `number - 1` attempts, and
    /// still held under its lease.
    /// If it was cancelled meanwhile, the attempt is recorded all the same, and a success still
    /// makes it delivered, since it was. If an attempt made on request has delivered it meanwhile,
    /// the attempt is recorded and it stays delivered. Any other settlement changes nothing.
    ///
    /// A warning that counts, of an enabled webhook, makes it [`Webhook::failing`] for as long as
    /// the delivery is pending on this schedule, the webhook is enabled, and nothing has spared it
    /// ([`Warning::spared_from`]). Of several such deliveries the one counts whose last attempt
    /// comes first.
    ///
    /// With [`Settlement::notices`], a notice waits from then on ([`crate::Notices`]) of a webhook
    /// that this disables, and of one that is warned of, unless somebody was within
    /// [`Warning::quiet_since`] and now. Without, the same happens, and no notice is made.
    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Settled>;

    /// Records an attempt that was made on request; answers its number among those of the delivery,
    /// or `None` if the delivery is gone. The last [`MANUAL_KEPT`] are kept.
    ///
    /// If it delivered, the delivery is delivered, whatever it was, and whoever holds it does so no
    /// longer. If it did not, nothing of the delivery changes: not its state, not its schedule, not
    /// the count of its attempts.
    async fn settle_manual(&self, manual: ManualAttempt) -> Result<Option<u32>>;

    /// Up to `limit` enabled webhooks that have unclaimed pending deliveries, ordered by id,
    /// after `after`. For starting up: it must not read every delivery.
    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>>;
}
