//! Accepting events: the one way a change becomes durable, together with its fan-out.

use std::sync::Arc;

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    event::Event,
    id::{EventId, WebhookId},
    time::Timestamp,
    webhook::Webhook,
};
use serde::{Deserialize, Serialize};

use crate::{Claimed, Result, Write};

/// A change to be recorded: its writes and its events belong together.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it happened.
    pub environment: EnvironmentId,
    /// What it does to the resources, in this order; nothing, if a publisher keeps its own.
    pub writes: Vec<Write>,
    /// The events, in the order in which they are to be numbered.
    pub events: Vec<Event>,
    /// The publisher's own name for this change, if it gave one.
    pub idempotency: Option<Idempotency>,
    /// The one webhook that the events go to, whether or not it asked for them; `None`: to all that
    /// did. Kept with them, so that it can be told why nobody else got them.
    pub only: Option<WebhookId>,
    /// When it is accepted; what is pending is due from then on.
    pub at: Timestamp,
}

/// A publisher's own name for a change. Kept with the events, so that it survives a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of what was asked, so that the same key for something else is noticed.
    pub fingerprint: [u8; 32],
}

/// What a publisher is told: the same again whenever it repeats the same key and body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The events that were raised, with their types.
    pub events: Vec<(EventId, String)>,
    /// How many deliveries they fanned out to, held ones included.
    pub deliveries: u64,
}

/// What came of recording.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// Durable now.
    Accepted {
        /// For the publisher.
        receipt: Receipt,
        /// The pending deliveries, already claimed by this process: it dispatches them from
        /// memory, or releases them.
        claimed: Vec<Claimed>,
        /// The webhooks of `claimed`, as they are at this commit.
        destinations: Vec<Destination>,
    },
    /// This key was used for the same thing before: this was its receipt.
    Replayed(Receipt),
    /// This key was used for something else before.
    KeyReused,
    /// A resource is no longer as the change was decided by. Nothing was recorded.
    Conflict,
    /// The one webhook that the events were for is not there, or disabled. Nothing was recorded.
    Unwelcome,
    /// There is no such account.
    UnknownAccount,
}

/// A webhook as the dispatcher needs it.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The webhook as of this transaction.
    pub webhook: Arc<Webhook>,
    /// When anything was last delivered to it, if ever.
    pub succeeded_at: Option<Timestamp>,
}

/// Accepting events.
#[async_trait]
pub trait Recording: Send + Sync + 'static {
    /// In ONE transaction: looks for the key, writes the resources, numbers and stores the events, matches them to the
    /// environment's webhooks as they are then (`domain::fan_out`), or to the one that they are for,
    /// stores a delivery for each match, keeps the books. Durable when it returns.
    async fn record(&self, record: Record) -> Result<Recorded>;
}
