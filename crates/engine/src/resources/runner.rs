//! The check runner of the test environment: pending checks complete by themselves, a moment after
//! they were made, by what their client is called.
//!
//! What is to be done is in the store, so it survives a restart; two runners cannot complete one
//! check twice, since its update is fenced. Woken when a check is made, and when one is due.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use herald_domain::{
    account::EnvironmentId,
    id::ResourceId,
    resource::{
        Kind,
        check::{self, Verdict},
    },
    time::Timestamp,
};
use herald_store::Write;
use tokio::task::JoinSet;

use super::{Decision, checks::failed};
use crate::{Engine, Result, health::BEAT};

/// Checks completed at once: they share commits.
const AT_ONCE: usize = 64;

/// How long the runner rests when a check could not be completed.
const REST: Duration = Duration::from_secs(1);

/// Runs for as long as the engine is used.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let (due, clock) = (engine.check_is_due.clone(), engine.clock.clone());
    engine.runner_beat.beat();
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while let Some(engine) = Weak::upgrade(&engine).filter(|e| !e.dispatcher.is_stopping()) {
            engine.runner_beat.beat();
            let next = engine.complete_due_checks().await;
            // An engine that nobody else uses must not be kept alive by its own runner.
            drop(engine);
            let until = next.unwrap_or_else(|| clock.now().after(BEAT));
            tokio::select! {
                () = due.notified() => {}
                () = clock.sleep_until(until) => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    });
}

impl Engine {
    /// Completes every check that is due; answers when the next one is.
    async fn complete_due_checks(self: &Arc<Self>) -> Option<Timestamp> {
        loop {
            let now = self.clock.now();
            let found = match self.store.due_resources(now, AT_ONCE).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "which checks are due cannot be read");
                    return Some(now.after(REST));
                }
            };
            if found.due.is_empty() {
                return found.next;
            }
            let mut running = JoinSet::new();
            for (environment, stored) in found.due {
                let (engine, id) = (self.clone(), stored.resource.id);
                running.spawn(async move { engine.run_check(environment, id).await });
            }
            let mut all_well = true;
            while let Some(ended) = running.join_next().await {
                let problem = match ended {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(panic) => panic.to_string(),
                };
                tracing::warn!(problem, "a check cannot be completed now");
                all_well = false;
            }
            if !all_well {
                return Some(now.after(REST));
            }
        }
    }

    /// Finds out what a check is to find out, and records it.
    async fn run_check(&self, environment: EnvironmentId, id: ResourceId) -> Result<()> {
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Check, id).await?;
                if before.resource.due_at.is_none_or(|at| at > now) {
                    return Ok(Decision::nothing(before.resource)); // somebody else was faster
                }
                let client = match before.resource.client() {
                    Some(client) => self.store.resource(environment, Kind::Client, client).await?,
                    None => None,
                };
                let verdict = check::verdict(client.as_ref().map(|client| &client.resource));
                let mut decision = match verdict {
                    Verdict::Failure => failed(before, now)?,
                    Verdict::Outcome(outcome) => {
                        let report = check::test_report(&before.resource, outcome);
                        self.completed(before, report, now)?
                    }
                };
                // Renamed or deleted meanwhile, it would be judged otherwise.
                decision.writes.extend(client.map(Write::Rest));
                Ok(decision)
            })
        })
        .await
        .map(drop)
    }
}
