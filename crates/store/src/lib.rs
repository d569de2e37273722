//! What Herald must remember, as traits in terms of intents.
//!
//! One method is one transaction: batches in, batches out. When it returns `Ok`, what it did is
//! durable; when it returns `Err`, nothing of it happened. A store applies decisions and takes
//! none: what matches, what is due next, what an attempt leads to, all come from `domain`.
//!
//! The traits, in the order of an event's life: [`Accounts`] and [`Webhooks`] hold the
//! configuration; [`Resources`] are what changes; [`Recording`] accepts changes with their events
//! and fan-out; [`Queue`] hands out what is due and takes back what came of it; [`Notices`] are
//! what it leaves to be told; [`History`] and
//! [`Statistics`] answer what people ask; [`Recoveries`] are jobs that make due again what a webhook
//! missed; [`Upkeep`] forgets what is old. Beside them, [`Sessions`] know who may be in the portal,
//! [`Endpoints`] keep what was sent to Herald's own temporary endpoints, and [`Nodes`] are about
//! several processes on one database.
//!
//! # To add a backend
//!
//! 1. Make a crate that depends on `domain` and on this one, never on the engine.
//! 2. Implement the thirteen traits; [`Store`] then follows.
//! 3. Run [`contract`]'s suite against it: every law in these comments has a test there.
//! 4. Name it in `herald`, the only crate that knows backends.

#![warn(missing_docs)]

mod accounts;
pub mod codec;
#[cfg(feature = "contract")]
pub mod contract;
mod endpoints;
mod error;
mod history;
mod nodes;
mod notices;
mod page;
mod queue;
mod recording;
mod recoveries;
mod resources;
mod sessions;
mod statistics;
pub mod transfer;
mod upkeep;
mod webhooks;

pub use accounts::{Accounts, NewAccount};
pub use endpoints::{Bounds, Endpoints};
pub use error::{Result, StoreError};
pub use history::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, History, NumberedAttempt,
    TimeRange,
};
pub use nodes::{Lease, Nodes, Signal};
pub use notices::{NoticeTaken, Notices};
pub use page::{Listed, Page, PageProblem};
pub use queue::{
    After, Claim, Claimed, DeliveryKey, Due, MANUAL_KEPT, ManualAttempt, Queue, Settled, Settlement,
};
pub use recording::{Destination, Idempotency, Receipt, Record, Recorded, Recording};
pub use recoveries::{
    Missed, Recoveries, Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus, RecoveryStep,
};
pub use resources::{DueResources, ResourceFilter, Resources, Stored, Write};
pub use sessions::Sessions;
pub use statistics::{HourTally, Statistics};
pub use upkeep::Upkeep;
pub use webhooks::{Created, SecretChanged, WebhookFilter, Webhooks};

/// Everything that Herald must remember.
pub trait Store:
    Accounts
    + Webhooks
    + Resources
    + Recording
    + Queue
    + Notices
    + History
    + Statistics
    + Recoveries
    + Upkeep
    + Sessions
    + Endpoints
    + Nodes
{
}

impl<T> Store for T where
    T: Accounts
        + Webhooks
        + Resources
        + Recording
        + Queue
        + Notices
        + History
        + Statistics
        + Recoveries
        + Upkeep
        + Sessions
        + Endpoints
        + Nodes
{
}
