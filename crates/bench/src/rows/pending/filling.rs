//! Filling a database with pending retries.
//!
//! Each of an account's 20 webhooks asks for another one of the catalogue's types, so every event
//! makes one delivery, and a million retries are a million events with their bodies.

use std::{path::Path, time::Duration};

use anyhow::{Result, ensure};
use herald_domain::{account::EnvironmentId, catalogue::Catalogue};
use herald_store::{After, Claimed, Queue as _, Settlement};

use crate::filler::{Filler, failed};

const ACCOUNTS: usize = 50;

/// Webhooks of an account, and event types: each asks for one.
const WEBHOOKS: usize = 20;

/// Events to a transaction.
const BATCH: usize = 1_000;

/// The first retry is so far ahead …
const SOONEST: Duration = Duration::from_secs(4 * 86_400);

/// … and the others are spread over so much more.
const SPREAD: Duration = Duration::from_secs(86_400);

/// Makes a database at `path` in which `pending` deliveries wait.
pub(super) async fn fill(path: &Path, pending: usize) -> Result<()> {
    let filling = Filling::new(path)?;
    let mut environments = Vec::with_capacity(ACCOUNTS);
    for _ in 0..ACCOUNTS {
        environments.push(filling.account().await?);
    }
    let mut made = 0;
    for environment in environments.into_iter().cycle() {
        if made >= pending {
            break;
        }
        let count = BATCH.min(pending - made);
        let types = (made..made + count).map(|number| filling.types[number % WEBHOOKS].as_str());
        let filler = &filling.filler;
        let claimed = filler.record(environment, types, None, filler.now).await?;
        ensure!(claimed.len() == count, "an event made {} deliveries", claimed.len());
        filling.settle(claimed, made, pending).await?;
        made += count;
    }
    Ok(())
}

struct Filling {
    filler: Filler,
    types: Vec<String>,
}

impl Filling {
    fn new(path: &Path) -> Result<Self> {
        let types: Vec<String> =
            Catalogue::built_in().iter().take(WEBHOOKS).map(|known| known.name.clone()).collect();
        ensure!(types.len() == WEBHOOKS, "the catalogue has {} types", types.len());
        Ok(Self { filler: Filler::open(path)?, types })
    }

    async fn account(&self) -> Result<EnvironmentId> {
        let environment = self.filler.account("pending").await?;
        for event_type in &self.types {
            self.filler.webhook(environment, event_type).await?;
        }
        Ok(environment)
    }

    async fn settle(&self, claimed: Vec<Claimed>, made: usize, pending: usize) -> Result<()> {
        let (count, now) = (claimed.len(), self.filler.now);
        let settlements = claimed.into_iter().zip(made..).map(|(claimed, number)| {
            let share = number as f64 / pending as f64;
            let due_at = now.after(SOONEST + SPREAD.mul_f64(share));
            Settlement {
                key: claimed.key,
                number: claimed.attempts + 1,
                attempt: failed(now),
                after: After::Retry { due_at },
                warning: None,
                notices: false,
            }
        });
        let settled = self.filler.store.settle(settlements.collect()).await?;
        ensure!(settled.stale == 0, "{} of {count} settlements were stale", settled.stale);
        Ok(())
    }
}
