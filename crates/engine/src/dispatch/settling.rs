//! Settling: ended attempts are recorded with what follows from them, many to a commit.
//!
//! What ended while the last commit was under way is the next batch; and where a commit costs others
//! something, so is what ends within some milliseconds ([`herald_store::Queue::gathers`]). While the store cannot
//! record, batches are tried again; the board then stops starting attempts once its bound is
//! reached, and goes on when the store does.

use std::{sync::Arc, time::Duration};

use herald_domain::{
    account::EnvironmentId, attempt::Attempt, delivery::Decision, id::WebhookId, notice::concerns,
};
use herald_store::{After, Claimed, Settled, Settlement, StoreError};
use tokio::sync::mpsc;

use super::Dispatcher;
use crate::health::BEAT;

/// Settlements of one commit at most.
const MOST: usize = 1_024;

/// So many are not waited for to become more.
const ENOUGH: usize = 256;

/// The longest pause between two tries of the store.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a delivery rests whose outcome the store refuses to record.
const REST: Duration = Duration::from_secs(60);

/// What was decided, in the store's terms; a warning is not part of it.
pub(super) fn settlement(delivery: &Claimed, attempt: Attempt, decision: Decision) -> Settlement {
    let number = delivery.attempts + 1;
    let after = match decision {
        Decision::Delivered => After::Delivered,
        Decision::Retry { due_at } => After::Retry { due_at },
        Decision::Exhausted { disable } => {
            let reason = || {
                format!(
                    "event {} was not acknowledged in {number} attempts; the last one: {}",
                    delivery.event,
                    in_words(&attempt)
                )
            };
            After::Exhausted { disable: disable.then(reason) }
        }
    };
    let notices = concerns(delivery.key.environment);
    Settlement { key: delivery.key, number, attempt, after, warning: None, notices }
}

fn in_words(attempt: &Attempt) -> String {
    match (attempt.answer.status(), attempt.answer.error_class()) {
        (Some(status), _) => format!("HTTP status {status}"),
        (None, Some(class)) => class.to_string(),
        (None, None) => "no answer".to_owned(),
    }
}

impl Dispatcher {
    pub(super) async fn settle_what_ended(
        self: Arc<Self>,
        mut ended: mpsc::UnboundedReceiver<Settlement>,
    ) {
        let mut batch = Vec::with_capacity(MOST);
        loop {
            self.settling_beat.beat();
            let waiting = ended.recv_many(&mut batch, MOST);
            match tokio::time::timeout(BEAT, waiting).await {
                Ok(0) => return,
                Ok(_) => {
                    self.gather(&mut ended, &mut batch).await;
                    self.settle(&mut batch).await;
                }
                Err(_) if self.is_stopping() && self.board().load().in_hand == 0 => return,
                Err(_) => {}
            }
        }
    }

    /// Waits for what ends soon, if that is worth the while.
    async fn gather(
        &self,
        ended: &mut mpsc::UnboundedReceiver<Settlement>,
        batch: &mut Vec<Settlement>,
    ) {
        let time = self.store.gathers();
        if time.is_zero() || batch.len() >= ENOUGH || self.is_stopping() {
            return;
        }
        tokio::time::sleep(time).await;
        while batch.len() < MOST
            && let Ok(settlement) = ended.try_recv()
        {
            batch.push(settlement);
        }
    }

    async fn settle(self: &Arc<Self>, batch: &mut Vec<Settlement>) {
        let settlements: Arc<[Settlement]> = batch.drain(..).collect();
        let count = settlements.len();
        match self.record(&settlements).await {
            Ok(settled) => self.recorded(&settlements, &settled),
            Err(_) if count > 1 => {
                // One of them is at fault: the others are recorded without it.
                for settlement in settlements.iter() {
                    let alone: Arc<[Settlement]> = [settlement.clone()].into();
                    match self.record(&alone).await {
                        Ok(settled) => self.recorded(&alone, &settled),
                        Err(error) => self.put_to_rest(settlement, &error),
                    }
                }
            }
            Err(error) => self.put_to_rest(&settlements[0], &error),
        }
        self.board().recorded(count);
        self.idle.notify_waiters();
        self.pump();
    }

    /// Records; tries again for as long as the store is unavailable.
    async fn record(&self, settlements: &Arc<[Settlement]>) -> Result<Settled, StoreError> {
        let mut pause = Duration::from_millis(50);
        loop {
            self.settling_beat.beat();
            match self.store.settle(settlements.clone()).await {
                Err(StoreError::Unavailable(reason)) => {
                    tracing::warn!(reason, "outcomes cannot be recorded; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    fn recorded(self: &Arc<Self>, settlements: &[Settlement], settled: &Settled) {
        for settlement in settlements {
            self.metrics.settled(&settlement.after);
            if let After::Retry { due_at } = settlement.after {
                self.due_at(settlement.key.webhook, due_at);
            }
        }
        for webhook in &settled.disabled {
            tracing::warn!(
                webhook = %webhook.id,
                account = %webhook.environment.account,
                mode = %webhook.environment.mode,
                "a webhook was disabled: its retries are exhausted"
            );
            self.metrics.disabled();
            self.forget(webhook.id);
            self.tell_of(webhook.id, webhook.environment, "disabled");
        }
        for webhook in &settled.warned {
            let Some(of_it) = settlements.iter().find(|one| one.key.webhook == *webhook) else {
                continue;
            };
            let environment = of_it.key.environment;
            tracing::warn!(
                %webhook,
                account = %environment.account,
                mode = %environment.mode,
                "a webhook is close to being disabled: few attempts of a delivery are left"
            );
            self.tell_of(*webhook, environment, "failing");
        }
    }

    /// Something happened to a webhook of which the operator is told, unless it is the operator's
    /// own: that would go where nothing arrives.
    fn tell_of(&self, webhook: WebhookId, environment: EnvironmentId, kind: &'static str) {
        if concerns(environment) {
            self.notice_waits.notify_one();
            return;
        }
        tracing::error!(%webhook, kind, "notices do not arrive: look at the receiver of notice_url");
        self.metrics.notice_webhook_trouble(kind);
    }

    /// The store refuses this outcome, which is a defect. The delivery is due as it was before
    /// the attempt, after a rest: at least once, and without a busy loop.
    fn put_to_rest(self: &Arc<Self>, settlement: &Settlement, error: &StoreError) {
        tracing::error!(webhook = %settlement.key.webhook, %error, "an outcome cannot be recorded");
        let this = self.clone();
        let key = settlement.key;
        tokio::spawn(async move {
            tokio::time::sleep(REST).await;
            this.give_back(vec![key]);
        });
    }
}
