//! A worker: a task that makes one attempt after another, for as long as the board has a job.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure},
    delivery::{AttemptEnded, Decision, decide},
    id::EventId,
    notice::warning,
    schedule::retry_after,
    signature::Signatures,
    time::Timestamp,
};
use herald_store::{Claimed, DeliveryKey, Settlement};

use super::{
    Dispatcher,
    board::{Budget, Job},
    route::{Route, Target, Way},
    settling::settlement,
};
use crate::{
    endpoints::OwnPost,
    http::{Exchange, Request},
};

/// An attempt that takes longer is slow: it is counted apart, so that it cannot keep others from
/// starting. Most receivers answer well within this, wherever on earth they are.
const SLOW: Duration = Duration::from_millis(250);

/// Workers that wait for something to do; more than so many end. A task that waits costs some
/// KiB, making one costs a few microseconds.
const MOST_IDLE: usize = 256;

impl Dispatcher {
    /// Sees to it that whatever may start now is started: by a worker that has nothing to do, who
    /// then does the same, or else by new workers.
    pub(super) fn pump(self: &Arc<Self>) {
        loop {
            if !self.board().may_start() {
                return;
            }
            if self.idle_workers.load(Ordering::Acquire) > 0 {
                self.work_to_do.notify_one();
                return;
            }
            let Some(job) = self.next_job() else { return };
            tokio::spawn(self.clone().work(job));
        }
    }

    fn next_job(&self) -> Option<Job> {
        let mut board = self.board();
        let job = board.start();
        if board.take_room_made() {
            self.due_changed.notify_one();
        }
        job
    }

    /// Waits until there may be a job; answers it, if another worker was not faster. `None` if this
    /// worker is not needed any more.
    async fn wait_for_a_job(&self) -> Option<Option<Job>> {
        // First listening, then counted, then looking once more: whoever adds work later either
        // is heard or has been seen.
        let mut woken = pin!(self.work_to_do.notified());
        woken.as_mut().enable();
        let idle = self.idle_workers.fetch_add(1, Ordering::AcqRel);
        let mut next = self.next_job();
        let stays = idle < MOST_IDLE && !self.is_stopping();
        if next.is_none() && stays {
            woken.await;
            next = self.next_job();
        }
        self.idle_workers.fetch_sub(1, Ordering::AcqRel);
        (next.is_some() || stays).then_some(next)
    }

    async fn work(self: Arc<Self>, first: Job) -> Option<()> {
        let mut next = Some(first);
        loop {
            while let Some(job) = next {
                if !self.store.holds(job.delivery.key.lease) {
                    self.let_go(&job);
                    next = self.next_job();
                    continue;
                }
                let mut flight = Flight::begin(&self, &job);
                let attempt = self.attempt(&job, &mut flight).await;
                let succeeded_at = flight.end(&attempt);
                next = self.next_job();
                self.conclude(&job.delivery, attempt, succeeded_at);
            }
            next = self.wait_for_a_job().await?;
            self.pump();
        }
    }

    /// One signed request under one deadline. What went wrong is part of the attempt.
    async fn attempt(self: &Arc<Self>, job: &Job, flight: &mut Flight<'_>) -> Attempt {
        let delivery = &job.delivery;
        let (attempt, post) = self.prepare(&job.route, delivery.event, &delivery.body);
        let Some(post) = post else { return attempt };
        let mut exchange = pin!(self.exchange(post));
        let exchange = if let Ok(exchange) = tokio::time::timeout(SLOW, &mut exchange).await {
            exchange
        } else {
            flight.slowed();
            exchange.await
        };
        ended(attempt, exchange)
    }

    /// An attempt that begins now, and what it sends; nothing, if the webhook cannot be tried.
    pub(super) fn prepare<'a>(
        &self,
        route: &'a Route,
        event: EventId,
        body: &'a Bytes,
    ) -> (Attempt, Option<Post<'a>>) {
        let mut attempt = Attempt {
            started_at: self.clock.now(),
            duration: Duration::ZERO,
            url: route.url.clone(),
            address: None,
            signatures: None,
            answer: Answer::Failure(not_attempted()),
        };
        let way = match &route.way {
            Ok(way) => way,
            Err(failure) => {
                attempt.answer = Answer::Failure(failure.clone());
                return (attempt, None);
            }
        };
        let signatures = way.sign(event, attempt.started_at, body);
        attempt.signatures = Some(signatures.clone());
        (attempt, Some(Post { url: &route.url, way, event, signatures, body }))
    }

    /// Sends the notification where it goes.
    pub(super) async fn exchange(&self, post: Post<'_>) -> Exchange {
        let Post { url, way, event, signatures, body } = post;
        match &way.target {
            Target::Receiver(target) => {
                let (target, body) = (target.clone(), body.clone());
                self.client.post(Request { target, event, signatures, body }).await
            }
            Target::Endpoint(door) => {
                let post = OwnPost { door, url, event, signatures: &signatures, body };
                self.inbox.deliver(post, self.deadline).await
            }
        }
    }

    /// Decides what follows from the attempt, and hands both over to be recorded.
    fn conclude(&self, delivery: &Claimed, attempt: Attempt, succeeded_at: Option<Timestamp>) {
        self.metrics.attempted(&attempt);
        // By the clock as it is now, if it went back meanwhile: the retry must not be late by that.
        let now = self.clock.now();
        let ended_at = if now < attempt.started_at { now } else { attempt.ended_at() };
        let asked = match &attempt.answer {
            Answer::Response(response) => response.header("retry-after"),
            Answer::Failure(_) => None,
        };
        let ended = AttemptEnded {
            attempts: delivery.attempts - delivery.restarted + 1,
            success: attempt.answer.is_success(),
            at: ended_at,
            first_attempt_at: delivery.first_attempt_at.unwrap_or(attempt.started_at),
            retry_after: asked.and_then(|value| retry_after(value, ended_at.seconds())),
            webhook_succeeded_at: succeeded_at,
        };
        let chance = if ended.success { 0.0 } else { self.chance.unit() };
        let decision = decide(&self.rules, ended, chance);
        let warning = match decision {
            Decision::Retry { due_at } => warning(&self.rules, &ended, due_at),
            Decision::Delivered | Decision::Exhausted { .. } => None,
        };
        let settlement = settlement(delivery, attempt, decision);
        // The loop that receives ends only after the last attempt was recorded.
        let _ = self.ended.send(Settlement { warning, ..settlement });
    }
}

/// A signed notification that is ready to be sent.
pub(super) struct Post<'a> {
    url: &'a str,
    way: &'a Way,
    event: EventId,
    signatures: Signatures,
    body: &'a Bytes,
}

/// An attempt with what came of its request.
pub(super) fn ended(attempt: Attempt, exchange: Exchange) -> Attempt {
    let Exchange { address, duration, answer } = exchange;
    Attempt { address, duration, answer, ..attempt }
}

/// An attempt under way. If its task ends without an answer, by a panic or because the runtime
/// stops, its place is given back all the same, and the delivery is due again.
struct Flight<'a> {
    dispatcher: &'a Arc<Dispatcher>,
    key: DeliveryKey,
    budget: Budget,
    under_way: bool,
}

impl<'a> Flight<'a> {
    fn begin(dispatcher: &'a Arc<Dispatcher>, job: &Job) -> Self {
        Self { dispatcher, key: job.delivery.key, budget: job.budget, under_way: true }
    }

    fn slowed(&mut self) {
        self.budget = self.dispatcher.board().slowed(self.budget);
        self.dispatcher.pump();
    }

    /// Gives the place back. Answers when anything was last delivered to the webhook.
    fn end(mut self, attempt: &Attempt) -> Option<Timestamp> {
        self.under_way = false;
        let mut board = self.dispatcher.board();
        board.ended(self.key.webhook, self.budget, &attempt.answer, attempt.ended_at())
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.under_way || self.dispatcher.is_stopping() {
            return;
        }
        tracing::error!(webhook = %self.key.webhook, "an attempt ended without an answer");
        let answer = Answer::Failure(not_attempted());
        let mut board = self.dispatcher.board();
        board.ended(self.key.webhook, self.budget, &answer, Timestamp::default());
        board.recorded(1);
        drop(board);
        self.dispatcher.give_back(vec![self.key]);
    }
}

/// The answer of an attempt that has none yet.
fn not_attempted() -> Failure {
    Failure {
        class: ErrorClass::Internal,
        detail: "Herald did not get to make the request".to_owned(),
    }
}
