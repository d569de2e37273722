//! What the operator is to be told: noted in the transaction in which it happened
//! ([`crate::Queue::settle`]), and kept until it is recorded as an event.

use async_trait::async_trait;
use herald_domain::{id::EventId, notice::Notice};

use crate::{Record, Recorded, Result};

/// What came of taking a notice.
#[derive(Clone, Debug)]
pub enum NoticeTaken {
    /// It was recorded as asked, and waits no more.
    Recorded(Recorded),
    /// What was asked could not be recorded; it waits on.
    Refused(Recorded),
    /// It waits no more, and nothing was to be recorded.
    Dropped,
    /// It waits no more: somebody else has taken it. Nothing was recorded.
    Gone,
}

/// Notices that wait.
#[async_trait]
pub trait Notices: Send + Sync + 'static {
    /// Up to `limit` notices that wait, in the order in which they were noted.
    async fn waiting_notices(&self, limit: usize) -> Result<Vec<Notice>>;

    /// In ONE transaction: takes a notice off those that wait, and records what is given, as
    /// [`crate::Recording::record`] does. So whatever happens in between, it is recorded once.
    async fn take_notice(&self, id: EventId, record: Option<Record>) -> Result<NoticeTaken>;
}
