//! What people ask: what happened, was it sent, what came back, do the books balance.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    attempt::{Attempt, ErrorClass},
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
};

use crate::{Listed, Page, Result};

/// A range of times, both ends strict, as `createdAfter` and `createdBefore` are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Strictly later than this.
    pub after: Option<Timestamp>,
    /// Strictly earlier than this.
    pub before: Option<Timestamp>,
}

impl TimeRange {
    /// Whether a time is within it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.after.is_none_or(|after| at > after) && self.before.is_none_or(|before| at < before)
    }
}

/// Which events of an environment; all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only this type.
    pub event_type: Option<String>,
    /// Only about this kind of resource.
    pub resource_type: Option<String>,
    /// By their `createdAt`.
    pub created: TimeRange,
}

/// Which deliveries of an environment; all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only to this webhook.
    pub webhook: Option<WebhookId>,
    /// Only of this event.
    pub event: Option<EventId>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only of events of this type.
    pub event_type: Option<String>,
    /// When they were made.
    pub created: TimeRange,
    /// When anything last happened to them.
    pub updated: TimeRange,
}

/// A delivery as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// Of which event.
    pub event: EventId,
    /// Of which type.
    pub event_type: String,
    /// To which webhook, which may be deleted by now.
    pub webhook: WebhookId,
    /// Where it stands.
    pub state: DeliveryState,
    /// Scheduled attempts made so far.
    pub attempts: u32,
    /// When the next attempt is due; only while it is pending.
    pub due_at: Option<Timestamp>,
    /// Whether it is delivered though no attempt of its schedule succeeded: one on request did.
    pub on_request: bool,
    /// The last attempt's status, if it was answered.
    pub last_status: Option<u16>,
    /// The last attempt's class of failure, if it failed.
    pub last_error: Option<ErrorClass>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
}

/// An attempt with its number: 1 for the initial one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedAttempt {
    /// 1 for the initial one. Those made on request are counted apart.
    pub number: u32,
    /// Whether it was made on request, outside of the schedule.
    pub manual: bool,
    /// The attempt.
    pub attempt: Attempt,
}

impl NumberedAttempt {
    /// Those of the schedule and those made on request, each in the order of their numbers, as one
    /// list in the order of time.
    pub fn merged(scheduled: Vec<Self>, manual: Vec<Self>) -> Vec<Self> {
        let mut merged = Vec::with_capacity(scheduled.len() + manual.len());
        let mut manual = manual.into_iter().peekable();
        for one in scheduled {
            let earlier = |other: &Self| other.attempt.started_at < one.attempt.started_at;
            merged.extend(std::iter::from_fn(|| manual.next_if(earlier)));
            merged.push(one);
        }
        merged.extend(manual);
        merged
    }
}

/// The books of deliveries (promise 2): `accepted` is the sum of the others, at every instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Deliveries ever made by fan-out.
    pub accepted: u64,
    /// Waiting for an attempt, or in flight.
    pub pending: u64,
    /// Acknowledged; those that retention has removed are still counted, as below.
    pub delivered: u64,
    /// Given up.
    pub exhausted: u64,
    /// Kept for a disabled webhook.
    pub held: u64,
    /// Of deleted webhooks.
    pub cancelled: u64,
}

impl Books {
    /// Whether nothing is missing.
    pub fn balance(&self) -> bool {
        let states = [self.pending, self.delivered, self.exhausted, self.held, self.cancelled];
        self.accepted == states.iter().sum::<u64>()
    }
}

/// How many deliveries a webhook has in each state now. Unlike the books, without those that
/// retention removed: each is as long as the list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Which webhook.
    pub webhook: WebhookId,
    by_state: [u64; DeliveryState::ALL.len()],
}

impl DeliveryCounts {
    /// Those of a webhook, as a function of the state.
    pub fn of(webhook: WebhookId, count: impl Fn(DeliveryState) -> u64) -> Self {
        let mut by_state = [0; DeliveryState::ALL.len()];
        for state in DeliveryState::ALL {
            by_state[state as usize] = count(state);
        }
        Self { webhook, by_state }
    }

    /// How many are in this state.
    pub fn in_state(&self, state: DeliveryState) -> u64 {
        self.by_state[state as usize]
    }
}

/// What people ask. Reads only; never in the way of the writer.
#[async_trait]
pub trait History: Send + Sync + 'static {
    /// The event with this id in this environment.
    async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Option<Event>>;

    /// The one webhook that an event of this environment was for ([`crate::Record::only`]); `None`
    /// if it was for all that asked for it, or is not there.
    async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>>;

    /// A page of the environment's events, newest first.
    async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>>;

    /// The delivery with this id in this environment.
    async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>>;

    /// A page of the environment's deliveries, newest first.
    async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>>;

    /// The pending deliveries of a webhook of which the next attempts are due first, at most
    /// `limit`: the soonest first, of those due at the same time the oldest. Whether the webhook is
    /// enabled makes no difference.
    async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>>;

    /// How many deliveries each of the environment's webhooks has, in the order of their ids.
    async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>>;

    /// The attempts of a delivery, the first one first; those made on request among them.
    async fn attempts(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Vec<NumberedAttempt>>;

    /// The books of one environment, or of all together.
    async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books>;
}
