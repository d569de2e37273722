//! Forgetting and tidying, some at a time, so that nobody waits long for the writer.

use std::time::Duration;

use async_trait::async_trait;
use herald_domain::time::Timestamp;

use crate::Result;

/// Background work. Each is idempotent, does at most `limit` rows, and answers how many it did:
/// fewer than `limit` means that nothing is left.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// Removes events created before `before` whose deliveries have all ended, with their
    /// deliveries and attempts. A pending or held delivery keeps its event. The books go on
    /// counting what was removed.
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// Removes idempotency keys used before `before`.
    async fn expire_keys(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// Cancels pending and held deliveries of deleted webhooks.
    async fn cancel_orphans(&self, at: Timestamp, limit: usize) -> Result<usize>;

    /// Forgets the previous secrets of webhooks whose rotation is over at `now`, those of deleted
    /// ones too. A webhook has not changed by that: its own secret signed alone before.
    async fn end_rotations(&self, now: Timestamp, limit: usize) -> Result<usize>;

    /// Moves what is due later than `now`, deliveries and resources, to be due earlier by `by`: the clock was found to have
    /// gone back by so much, and no retry may be later than its step.
    async fn advance_due(&self, now: Timestamp, by: Duration) -> Result<()>;

    /// Notes that the clock showed `now`, and answers what was noted before it. Not the latest of
    /// all: a clock that went back is noticed once, not for as long as it is behind.
    async fn note_time(&self, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Whether a transaction can be committed right now.
    async fn probe(&self) -> Result<()>;
}
