//! The configured rules and limits of an engine.

use std::time::Duration;

use herald_domain::delivery::DeliveryRules;

use crate::{NoticeHook, OperatorKey, SealKey, http::ClientConfig};

/// The configured rules and limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Retries and disabling.
    pub rules: DeliveryRules,
    /// The HTTP client: what may be dialled, the deadline, extra certificates.
    pub client: ClientConfig,
    /// How much goes on at once.
    pub concurrency: Concurrency,
    /// Webhooks that an environment may have.
    pub webhooks_per_environment: u32,
    /// How long a check of the test environment is pending.
    pub check_delay: Duration,
    /// Where people reach Herald, such as `https://hooks.example.com`; for links. Empty: links are
    /// relative to the address that was asked.
    pub public_url: String,
    /// How long ended events are kept.
    pub retention: Duration,
    /// Opens the operator's API.
    pub operator_key: OperatorKey,
    /// Seals secrets at rest.
    pub seal_key: SealKey,
    /// Where the operator is told of webhooks that fail; `None`: that is only counted. Every node
    /// that dispatches has to have the same.
    pub notice_hook: Option<NoticeHook>,
    /// What this process does of the work.
    pub role: Role,
}

/// What a process does, where several share one database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// It answers requests: what people and programs ask for, attempts on request included. What
    /// it accepts is delivered by the others, so its store has to claim nothing for it.
    Api,
    /// It does what is done in the background: dispatching, upkeep, checks, recoveries, notices.
    /// Whether it answers requests too is for who has made the engine to decide.
    Dispatch,
}

impl Role {
    /// Whether it does what is done in the background.
    pub fn dispatches(self) -> bool {
        self != Self::Api
    }
}

/// How much goes on at once. See [`crate::dispatch`] for what these mean together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Attempts in flight that are not slow (yet), over all webhooks.
    pub in_flight: usize,
    /// Attempts in flight to one webhook, over all nodes.
    pub in_flight_per_webhook: usize,
    /// Attempts that have become slow, over all webhooks.
    pub slow: usize,
    /// Deliveries waiting in memory, over all webhooks. More wait in the store.
    pub waiting: usize,
    /// Deliveries waiting in memory for one webhook.
    pub waiting_per_webhook: usize,
    /// Ended attempts waiting to be recorded.
    pub unsettled: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            in_flight: 1_024,
            in_flight_per_webhook: 64,
            slow: 4_096,
            waiting: 16_384,
            waiting_per_webhook: 1_024,
            unsettled: 4_096,
        }
    }
}
