//! Several processes (nodes) on one database, and what they have to know of each other.
//!
//! A node's claims are good for as long as its [`Lease`] is. The lease is the node's, not the
//! claim's: one heartbeat renews all of its claims. Once the database says that it has ended, the
//! others take over whatever was claimed under it, and nothing that is settled under it counts any
//! more. An embedded store has one process, whose lease ends with it.

use async_trait::async_trait;
use herald_domain::id::{EndpointId, EventId, WebhookId};

use crate::Result;

/// Under what a node holds what it has claimed. A node that has lost its lease gets another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease(pub u64);

/// What a node is told of what another one did. A hint: it may come twice, late, or not at all, and
/// then [`Signal::LookAround`] makes up for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// A webhook was changed, disabled or deleted: what is known of it is old.
    WebhookChanged(WebhookId),
    /// Something of this webhook may be claimed that nobody holds.
    Due(WebhookId),
    /// A notice waits ([`crate::Notices`]).
    NoticeWaits,
    /// A recovery was made ([`crate::Recoveries`]).
    RecoveryMade,
    /// A delivery of this event to this webhook was delivered on request: it need not be sent any more.
    Delivered(WebhookId, EventId),
    /// A temporary endpoint has got the request with this number.
    RequestKept(EndpointId, u64),
    /// A temporary endpoint is gone.
    EndpointGone(EndpointId),
    /// Some time has passed, or another node's lease has ended: anything of the above may have been
    /// missed.
    LookAround,
}

/// Several processes on one database.
#[async_trait]
pub trait Nodes: Send + Sync + 'static {
    /// Whether what was claimed under this lease is still this node's, by its own reckoning of the
    /// time that has passed. When it is not, no attempt of it may begin.
    fn holds(&self, lease: Lease) -> bool;

    /// How many nodes share what is due, as far as this one knows; at least 1.
    fn dispatchers(&self) -> usize;

    /// The next thing that this node is told. It is asked for by one task only.
    async fn signal(&self) -> Signal;

    /// What all who ever work on this database go by under this name: the value that was proposed
    /// first. At most 32 bytes.
    async fn agree(&self, name: &'static str, proposed: Vec<u8>) -> Result<Vec<u8>>;

    /// How often this process has waited for an answer of the database so far: what a network between
    /// them would add to, each time. An embedded store has none.
    fn round_trips(&self) -> u64;

    /// Gives the lease up, so that others need not wait for its end. Nothing may be claimed after.
    async fn leave(&self) -> Result<()>;
}
