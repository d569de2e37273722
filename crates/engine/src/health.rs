//! Whether Herald works: not that a port answers, but that events move.
//!
//! Every background loop beats when it comes round, which is at least every few seconds. A loop
//! that has stopped beating is stuck, and everything behind it too.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use herald_store::StoreError;

use crate::Engine;

/// A loop beats at least this often, if it is alive.
pub(crate) const BEAT: Duration = Duration::from_secs(5);

/// A loop that has not beaten for so long is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// How long the store may take to commit: balancers ask every few seconds.
const PROBE: Duration = Duration::from_secs(5);

/// What is found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which part.
    pub part: &'static str,
    /// What is wrong with it, for the operator.
    pub problem: String,
}

/// How Herald is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Health {
    /// Nothing, if all is well.
    pub troubles: Vec<Trouble>,
}

impl Health {
    /// Whether all is well.
    pub fn is_good(&self) -> bool {
        self.troubles.is_empty()
    }
}

/// When a loop last came round.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    part: &'static str,
    last: Mutex<Option<Instant>>,
}

impl Heartbeat {
    pub(crate) fn new(part: &'static str) -> Self {
        Self { part, last: Mutex::default() }
    }

    pub(crate) fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = match last.map(|last| last.elapsed()) {
            None => "has not started".to_owned(),
            Some(silence) if silence > STUCK => {
                format!("has not moved for {} s", silence.as_secs())
            }
            Some(_) => return None,
        };
        Some(Trouble { part: self.part, problem })
    }
}

impl Engine {
    /// Whether the background work moves; where there is none ([`crate::Role::Api`]), nothing is
    /// wrong with it.
    pub fn health(&self) -> Health {
        let mut troubles = self.dispatcher.troubles();
        if self.settings.role.dispatches() {
            troubles.extend(self.runner_beat.trouble());
        }
        Health { troubles }
    }

    /// Whether new work would be accepted: the store can commit, and Herald is not stopping.
    pub async fn readiness(&self) -> Health {
        let mut health = self.health();
        if self.dispatcher.is_stopping() {
            let problem = "is shutting down".to_owned();
            health.troubles.push(Trouble { part: "herald", problem });
        }
        let probed = tokio::time::timeout(PROBE, self.store.probe()).await;
        let slow = |_| Err(StoreError::Unavailable(format!("no answer in {} s", PROBE.as_secs())));
        if let Err(error) = probed.unwrap_or_else(slow) {
            tracing::error!(%error, "the store does not commit");
            let problem = "does not commit".to_owned();
            health.troubles.push(Trouble { part: "store", problem });
        }
        health
    }
}
