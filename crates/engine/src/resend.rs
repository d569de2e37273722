//! Resending: one attempt at a delivery at once, because somebody asked for it.
//!
//! It stands beside the schedule and never in it (promise 4): whatever the delivery is, an attempt
//! is made with the webhook as it is now, by the same guarded client, and recorded apart from the
//! scheduled ones. A success makes it delivered; a failure changes nothing, and disables nothing.
//!
//! At most [`AT_ONCE`] go on at once, so that requests of people cannot take the sockets that the
//! dispatcher needs. Each goes on to its end in a task of its own: a client that hangs up loses
//! the answer and not the record.

use std::{sync::Arc, time::Duration};

use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
    problem::Problem,
    webhook::Webhook,
};
use herald_store::{
    DeliveryFilter, DeliveryView, ManualAttempt, NumberedAttempt, Page, Store, StoreError,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{Engine, EngineError, Result, dispatch::Dispatcher};

/// Attempts on request that go on at once.
pub(crate) const AT_ONCE: u32 = 32;

/// How long to wait between two tries to record one.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is tried to record one.
const TRIES: u32 = 10;

/// What came of a resend.
#[derive(Clone, Debug)]
pub struct Resent {
    /// What was sent.
    pub event: Event,
    /// The delivery as it is now.
    pub delivery: DeliveryView,
    /// All its attempts, the first one first.
    pub attempts: Vec<NumberedAttempt>,
    /// The one that was made.
    pub attempt: NumberedAttempt,
}

/// What is to be sent where.
struct Letter {
    environment: EnvironmentId,
    delivery: DeliveryId,
    event: Event,
    webhook: Webhook,
}

/// Who makes the attempts.
#[derive(Clone)]
struct Sender {
    store: Arc<dyn Store>,
    dispatcher: Arc<Dispatcher>,
}

impl Engine {
    /// Makes one attempt at a delivery now, whatever its state; answers when it is recorded.
    pub async fn resend(&self, environment: EnvironmentId, id: DeliveryId) -> Result<Resent> {
        let delivery = self.store.delivery(environment, id).await?;
        let delivery = delivery.ok_or_else(|| unknown_delivery(id))?;
        let event = self.event(environment, delivery.event).await?;
        let letter = self.letter(environment, &delivery, &event).await?;
        let letter = letter.ok_or_else(|| webhook_deleted(delivery.webhook))?;
        let mut resent = self.send_all(vec![letter]).await?;
        resent.pop().ok_or_else(|| EngineError::Internal("one letter has no answer".to_owned()))
    }

    /// Makes one attempt at each delivery of an event whose webhook is there, or only at the one to
    /// `webhook`.
    pub async fn resend_event(
        &self,
        environment: EnvironmentId,
        id: EventId,
        webhook: Option<WebhookId>,
    ) -> Result<Vec<Resent>> {
        let event = self.event(environment, id).await?;
        let filter = DeliveryFilter { event: Some(id), webhook, ..DeliveryFilter::default() };
        let most = Page::new(1, 1_000).map_err(|error| EngineError::Internal(error.to_string()))?;
        let listed = self.store.list_deliveries(environment, filter, most).await?;
        if let Some(webhook) = webhook.filter(|_| listed.items.is_empty()) {
            self.webhook(environment, webhook).await.map_err(blame_the_webhook)?;
            let message = "this event did not match that webhook, so there is nothing to resend";
            return Err(Problem::unprocessable("not_matched", message).blaming("webhookId").into());
        }
        let mut letters = Vec::with_capacity(listed.items.len());
        for delivery in &listed.items {
            match self.letter(environment, delivery, &event).await? {
                Some(letter) => letters.push(letter),
                None if webhook.is_some() => return Err(webhook_deleted(delivery.webhook).into()),
                None => {}
            }
        }
        self.send_all(letters).await
    }

    /// What it takes to send a delivery; nothing, if its webhook is gone.
    async fn letter(
        &self,
        environment: EnvironmentId,
        delivery: &DeliveryView,
        event: &Event,
    ) -> Result<Option<Letter>> {
        if delivery.state == DeliveryState::Cancelled {
            return Ok(None);
        }
        let webhook = self.store.webhook(environment, delivery.webhook).await?;
        let (delivery, event) = (delivery.id, event.clone());
        Ok(webhook.map(|webhook| Letter { environment, delivery, event, webhook }))
    }

    /// Sends these at the same time, as far as so many may be sent at once; answers in their order.
    async fn send_all(&self, letters: Vec<Letter>) -> Result<Vec<Resent>> {
        let wanted = u32::try_from(letters.len()).unwrap_or(u32::MAX).min(AT_ONCE);
        if self.dispatcher.is_stopping() {
            return Err(EngineError::Unavailable("Herald is shutting down".to_owned()));
        }
        let Ok(permits) = self.resends.clone().try_acquire_many_owned(wanted) else {
            let message = format!("{AT_ONCE} resends go on already; try again in some seconds");
            return Err(Problem::too_many(message).into());
        };
        let sender = Sender { store: self.store.clone(), dispatcher: self.dispatcher.clone() };
        let sending = tokio::spawn(async move {
            let resent = sender.send_all(letters, wanted as usize).await;
            drop(permits);
            resent
        });
        sending.await.map_err(|error| EngineError::Internal(error.to_string()))?
    }
}

/// Waits until every resend has been recorded, which each is within its deadline.
pub(crate) async fn wait_for_all(resends: &Semaphore, dispatcher: &Dispatcher) {
    let all = resends.acquire_many(AT_ONCE);
    if tokio::time::timeout(dispatcher.patience(), all).await.is_err() {
        tracing::warn!("stopped before every resend was recorded");
    }
}

impl Sender {
    async fn send_all(&self, letters: Vec<Letter>, at_once: usize) -> Result<Vec<Resent>> {
        let (mut waiting, mut running) = (letters.into_iter().enumerate(), JoinSet::new());
        let mut resent = Vec::new();
        loop {
            while running.len() < at_once
                && let Some((place, letter)) = waiting.next()
            {
                let sender = self.clone();
                running.spawn(async move { (place, sender.send(letter).await) });
            }
            let Some(ended) = running.join_next().await else { break };
            resent.push(ended.map_err(|error| EngineError::Internal(error.to_string()))?);
        }
        resent.sort_by_key(|(place, _)| *place);
        resent.into_iter().map(|(_, outcome)| outcome).collect()
    }

    async fn send(&self, letter: Letter) -> Result<Resent> {
        let Letter { environment, delivery, event, webhook } = letter;
        let attempt = self.dispatcher.attempt_now(&webhook, event.id, &event.body).await;
        let delivered = attempt.answer.is_success();
        // What waits in memory to be sent has been delivered: not twice. Once more when it is
        // recorded, since it may have been claimed in between.
        let withdraw = || self.dispatcher.withdraw(webhook.id, event.id);
        let withdrawn = if delivered { withdraw() } else { None };
        let manual = ManualAttempt { environment, delivery, attempt: attempt.clone(), delivered };
        let recorded = self.record(manual).await;
        match &recorded {
            Ok(_) if delivered => drop(withdraw()),
            Ok(_) => {}
            Err(_) => self.dispatcher.put_back(withdrawn),
        }
        let number = recorded?.ok_or_else(|| unknown_delivery(delivery))?;
        let view = self.store.delivery(environment, delivery).await?;
        let view = view.ok_or_else(|| unknown_delivery(delivery))?;
        let attempts = self.store.attempts(environment, delivery).await?;
        let attempt = NumberedAttempt { number, manual: true, attempt };
        Ok(Resent { event, delivery: view, attempts, attempt })
    }

    /// Records an attempt; tries again for some seconds while the store is unavailable.
    async fn record(&self, manual: ManualAttempt) -> Result<Option<u32>, StoreError> {
        let mut tries = 1;
        loop {
            match self.store.settle_manual(manual.clone()).await {
                Err(StoreError::Unavailable(reason)) if tries < TRIES => {
                    tracing::warn!(reason, "a resend cannot be recorded; trying again");
                    tokio::time::sleep(PAUSE).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

fn unknown_delivery(id: DeliveryId) -> Problem {
    Problem::not_found("delivery", &id.to_string())
}

fn blame_the_webhook(error: EngineError) -> EngineError {
    match error {
        EngineError::Refused(problem) => problem.blaming("webhookId").into(),
        other => other,
    }
}

fn webhook_deleted(id: WebhookId) -> Problem {
    let message = format!("webhook '{id}' was deleted, so nothing can be sent to it");
    Problem::unprocessable("webhook_deleted", message)
}
