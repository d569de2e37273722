//! The dispatcher: from what is due to what came of it.
//!
//! ```text
//!  publish ──offer──> ┌───────┐          ┌────────┐          ┌──────────┐
//!                     │ board │ ──job──> │ worker │ ──ended─>│ settling │──> store
//!  store <──claiming─>└───────┘          └────────┘          └──────────┘
//! ```
//!
//! The [`board`] says who may start next; it is the one shared state, behind one lock that nobody
//! holds while waiting. A [`worker`] is a task that makes one attempt after another for as long
//! as the board has a job for it. [`settling`] records ended attempts, many to a commit.
//! [`claiming`] finds what is due in the store: retries, what did not fit in memory, what another
//! process left behind.
//!
//! What keeps one receiver from delaying another (promise 6): each webhook has a lane with a
//! window of its own, which narrows when attempts time out; lanes take turns; an attempt that has
//! become slow is no longer counted with the others, so hanging receivers cannot use up what
//! healthy ones need; and lanes that have not proved themselves share at most half of it.
//!
//! What keeps memory bounded: a lane holds so many deliveries, all lanes together so many; the
//! rest waits in the store, where it is anyway. Attempts that are not recorded yet are bounded
//! too: when the store is slow or full, attempts stop until it has caught up.
//!
//! What keeps it right when things change: the board knows a webhook's URL and secret only as
//! long as nobody changed them. [`Dispatcher::forget`] puts everything of the webhook back into
//! the store, from where it is claimed again together with the webhook as it is then.

mod board;
mod claiming;
mod due;
mod lane;
mod on_request;
mod route;
mod settling;
mod worker;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use herald_domain::{delivery::DeliveryRules, id::WebhookId, time::Timestamp};
use herald_store::{Claimed, DeliveryKey, Destination, Settlement, Store};
use tokio::sync::{Notify, mpsc};

use crate::{
    Chance, Clock, Concurrency, Metrics, Sealer, Trouble, endpoints::Inbox, health::Heartbeat,
    http::Client,
};
use board::Board;
pub use board::Load;
pub(crate) use board::Ticket;
use route::Router;

/// What a dispatcher is made of.
pub(crate) struct DispatcherParts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub client: Client,
    pub inbox: Arc<Inbox>,
    /// Until when an endpoint of Herald's own has to have answered.
    pub deadline: Duration,
    /// How long an attempt may take at most.
    pub longest_attempt: Duration,
    pub sealer: Sealer,
    pub rules: DeliveryRules,
    pub concurrency: Concurrency,
    pub metrics: Arc<Metrics>,
    /// Wakes who tells the operator.
    pub notice_waits: Arc<Notify>,
}

/// The dispatcher: from what is due to what came of it.
pub(crate) struct Dispatcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    client: Client,
    inbox: Arc<Inbox>,
    deadline: Duration,
    longest_attempt: Duration,
    router: Router,
    rules: DeliveryRules,
    metrics: Arc<Metrics>,
    notice_waits: Arc<Notify>,
    board: Mutex<Board>,
    idle_workers: AtomicUsize,
    work_to_do: Notify,
    /// Something is due earlier than the claiming loop thinks.
    due_changed: Notify,
    /// The last attempt was recorded.
    idle: Notify,
    stopping: AtomicBool,
    ended: mpsc::UnboundedSender<Settlement>,
    /// Taken by the settling loop when it starts.
    to_settle: Mutex<Option<mpsc::UnboundedReceiver<Settlement>>>,
    claiming_beat: Heartbeat,
    settling_beat: Heartbeat,
}

impl Dispatcher {
    pub(crate) fn new(parts: DispatcherParts) -> Arc<Self> {
        // Unbounded, but never longer than the board's bound on unsettled attempts.
        let (ended, to_settle) = mpsc::unbounded_channel();
        Arc::new(Self {
            store: parts.store,
            clock: parts.clock,
            chance: parts.chance,
            router: Router::new(parts.client.clone(), parts.sealer, parts.inbox.doors.clone()),
            client: parts.client,
            inbox: parts.inbox,
            deadline: parts.deadline,
            longest_attempt: parts.longest_attempt,
            rules: parts.rules,
            metrics: parts.metrics,
            notice_waits: parts.notice_waits,
            board: Mutex::new(Board::new(parts.concurrency)),
            idle_workers: AtomicUsize::new(0),
            work_to_do: Notify::new(),
            due_changed: Notify::new(),
            idle: Notify::new(),
            stopping: AtomicBool::new(false),
            ended,
            to_settle: Mutex::new(Some(to_settle)),
            claiming_beat: Heartbeat::new("claiming"),
            settling_beat: Heartbeat::new("settling"),
        })
    }

    /// Finds what the store has waiting, and starts the loops.
    pub(crate) async fn start(self: &Arc<Self>) -> crate::Result<()> {
        self.reload().await?;
        let receiver = self.to_settle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(receiver) = receiver {
            self.claiming_beat.beat();
            self.settling_beat.beat();
            tokio::spawn(self.clone().claim_what_is_due());
            tokio::spawn(self.clone().settle_what_ended(receiver));
        }
        Ok(())
    }

    /// Stops starting attempts at once; waits until those in flight are recorded. Each has a
    /// deadline of its own; a store that does not record within [`STOP_GRACE`] more is left.
    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let given_back = self.board().stop();
        self.due_changed.notify_one();
        self.work_to_do.notify_waiters();
        if let Err(error) = self.store.release(given_back).await {
            tracing::warn!(%error, "what was not started could not be released");
        }
        let all_recorded = async {
            loop {
                let idle = self.idle.notified();
                if self.board().load().in_hand == 0 {
                    break;
                }
                idle.await;
            }
        };
        let patience = self.patience();
        if tokio::time::timeout(patience, all_recorded).await.is_err() {
            let left = self.board().load().in_hand;
            tracing::warn!(
                left,
                "stopped before every attempt was recorded; they will be repeated"
            );
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// What is asked for before recording an event, so that [`Self::offer`] knows whether a
    /// webhook was changed meanwhile.
    pub(crate) fn ticket(&self) -> Ticket {
        self.board().ticket()
    }

    /// Takes freshly accepted deliveries into memory; what does not fit goes back to the store.
    pub(crate) fn offer(
        self: &Arc<Self>,
        ticket: Ticket,
        claimed: Vec<Claimed>,
        destinations: Vec<Destination>,
    ) {
        if claimed.is_empty() {
            return;
        }
        let refused = {
            let mut board = self.board();
            for destination in destinations {
                board.learn(ticket, destination, &self.router);
            }
            board.offer(claimed)
        };
        self.give_back(refused);
        self.pump();
    }

    /// Forgets a webhook, since it was changed: what is not in flight goes back to the store.
    pub(crate) fn forget(self: &Arc<Self>, webhook: WebhookId) {
        let given_back = self.board().forget(webhook);
        if given_back.is_empty() {
            self.due_at(webhook, self.clock.now());
        } else {
            self.give_back(given_back);
        }
    }

    /// Finds everything that the store has waiting: at the start, or after the clock was moved.
    pub(crate) async fn reload(self: &Arc<Self>) -> crate::Result<()> {
        const PAGE: usize = 10_000;
        let mut after = None;
        loop {
            let page = self.store.due(after, PAGE).await?;
            for due in &page {
                self.due_at(due.webhook, due.at);
            }
            after = page.last().map(|due| due.webhook);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// What is going on right now.
    pub(crate) fn load(&self) -> Load {
        self.board().load()
    }

    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        [&self.claiming_beat, &self.settling_beat]
            .iter()
            .filter_map(|beat| beat.trouble())
            .collect()
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something of this webhook is due then.
    pub(crate) fn due_at(&self, webhook: WebhookId, at: Timestamp) {
        if self.board().due_at(webhook, at) {
            self.due_changed.notify_one();
        }
    }

    /// Gives claims back to the store, and has them claimed again when there is room.
    fn give_back(self: &Arc<Self>, keys: Vec<DeliveryKey>) {
        if keys.is_empty() {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            let webhooks: std::collections::HashSet<_> =
                keys.iter().map(|key| key.webhook).collect();
            if let Err(error) = this.store.release(keys).await {
                // They stay claimed until this process ends; then they are due again.
                tracing::error!(%error, "deliveries could not be released");
            }
            for webhook in webhooks {
                this.due_at(webhook, this.clock.now());
            }
        });
    }
}

/// How much longer than the longest exchange a stop waits for the store.
const STOP_GRACE: Duration = Duration::from_secs(5);
