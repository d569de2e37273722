//! Filling an account with the deliveries of three weeks: most delivered, some of every other
//! state, of every type of the catalogue to every webhook.

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer, Response},
    catalogue::Catalogue,
    id::WebhookId,
    time::Timestamp,
    webhook::WebhookPatch,
};
use herald_store::{After, Claimed, Queue as _, Settlement, Upkeep as _, Webhooks as _};
use tokio::task::JoinSet;

use crate::{
    filler::{Filler, attempt, failed},
    herald::Account,
};

/// Webhooks of the account. One place of the 20 that it may have is left to who drives Herald.
const WEBHOOKS: usize = 19;

/// Types of events.
const TYPES: usize = 20;

/// The webhook that is disabled after a third, so that what it asks for is held.
const DISABLED: usize = 17;

/// The webhook that is deleted in the end, so that what is pending is cancelled.
const DELETED: usize = 18;

/// Events to a record; webhooks take turns with them.
const BATCH: usize = 50;

/// Deliveries are made over so long a time. Within what Herald keeps.
pub(super) const SPAN: Duration = Duration::from_secs(21 * 86_400);

/// Deliveries are pending for so long at most: about as long as the schedule goes on.
const PENDING: Duration = Duration::from_secs(4 * 86_400);

/// Retries are so far ahead that none is due while it is measured.
const AHEAD: Duration = Duration::from_secs(86_400);

/// What was made.
pub(super) struct Filled {
    /// When the oldest delivery was made.
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
    /// One of the ordinary webhooks.
    pub(super) webhook: WebhookId,
}

/// Gives the account so many deliveries.
pub(super) async fn fill(path: &Path, account: &Account, deliveries: usize) -> Result<Filled> {
    let filler = Filler::open(path)?;
    let environment = EnvironmentId { account: account.id.parse()?, mode: Mode::Test };
    let types: Vec<String> =
        Catalogue::built_in().iter().take(TYPES).map(|known| known.name.clone()).collect();
    ensure!(types.len() == TYPES, "the catalogue has {} types", types.len());
    let mut webhooks = Vec::with_capacity(WEBHOOKS);
    for event_type in types.iter().take(WEBHOOKS) {
        webhooks.push(filler.webhook(environment, event_type).await?);
    }
    let since = Timestamp::from_millis(filler.now.millis() - i64::try_from(SPAN.as_millis())?);
    let filled = Filled { since, now: filler.now, webhook: webhooks[1] };
    let deleted = webhooks[DELETED];
    let disabled = webhooks[DISABLED];
    let filling = Arc::new(Filling { filler, environment, types, webhooks, since, deliveries });
    let mut made = 0;
    while made < deliveries {
        let holding = made * 3 >= deliveries;
        if holding {
            filling.disable(disabled).await?;
        }
        let mut round = JoinSet::new();
        for webhook in 0..WEBHOOKS {
            let count = BATCH.min(deliveries.saturating_sub(made));
            round.spawn(filling.clone().batch(webhook, holding, made..made + count));
            made += count;
        }
        while let Some(batch) = round.join_next().await {
            batch??;
        }
    }
    let store = &filling.filler.store;
    ensure!(store.delete_webhook(environment, deleted, filled.now).await?, "it was not there");
    while store.cancel_orphans(filled.now, 1_000).await? > 0 {}
    Ok(filled)
}

struct Filling {
    filler: Filler,
    environment: EnvironmentId,
    types: Vec<String>,
    webhooks: Vec<WebhookId>,
    since: Timestamp,
    deliveries: usize,
}

impl Filling {
    async fn disable(&self, webhook: WebhookId) -> Result<()> {
        let patch = WebhookPatch { enabled: Some(false), ..WebhookPatch::default() };
        let store = &self.filler.store;
        let now = self.filler.now;
        let disabled = store.update_webhook(self.environment, webhook, patch, now).await?;
        disabled.context("the webhook is there").map(|_| ())
    }

    async fn batch(
        self: Arc<Self>,
        webhook: usize,
        holding: bool,
        numbers: Range<usize>,
    ) -> Result<()> {
        let (made, count) = (numbers.start, numbers.len());
        let at = self.since.after(SPAN.mul_f64(made as f64 / self.deliveries as f64));
        let held = holding && webhook == DISABLED;
        let types = numbers.map(|number| {
            let kind = if held { webhook } else { number * 7 + number / BATCH };
            self.types[kind % TYPES].as_str()
        });
        // Which webhook an event is for does not follow from its type, but where it is held.
        let only = (!held).then_some(self.webhooks[webhook]);
        let claimed = self.filler.record(self.environment, types, only, at).await?;
        let expected = if held { 0 } else { count };
        ensure!(claimed.len() == expected, "{} of {expected} are pending", claimed.len());
        let settlements = claimed.into_iter().zip(made..);
        let settlements =
            settlements.filter_map(|(claimed, number)| self.settlement(&claimed, number, at));
        let settled = self.filler.store.settle(settlements.collect()).await?;
        ensure!(settled.stale == 0, "{} settlements were stale", settled.stale);
        Ok(())
    }

    fn settlement(&self, claimed: &Claimed, number: usize, at: Timestamp) -> Option<Settlement> {
        let (key, first) = (claimed.key, claimed.attempts + 1);
        let deleted = self.webhooks[DELETED] == key.webhook;
        let recent = self.filler.now.since(at) < PENDING;
        let after = match number % 100 {
            // Neither attempted nor given back: pending, until the webhook is deleted.
            0..40 if deleted && recent => return None,
            33..38 if recent => After::Retry { due_at: self.filler.now.after(AHEAD) },
            66 => After::Exhausted { disable: None },
            _ => After::Delivered,
        };
        let attempt = match after {
            After::Delivered => {
                let duration = Duration::from_millis(number as u64 % 400);
                let (headers, body) = (Vec::new(), Bytes::new());
                let response = Response { status: 200, headers, body, truncated: false };
                attempt(at, duration, Answer::Response(response))
            }
            _ => failed(at),
        };
        let (warning, notices) = (None, false);
        Some(Settlement { key, number: first, attempt, after, warning, notices })
    }
}
