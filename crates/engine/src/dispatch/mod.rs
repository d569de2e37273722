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
//! the store, from where it is claimed again together with the webhook as it is then. A change by
//! another node is heard of within moments ([`crate::nodes`]), or with the next claim.
//!
//! What keeps several nodes off each other's deliveries: a claim is held under the node's lease,
//! and no attempt begins under one that is not held any more ([`giving_back`]).
//!
//! What the limits mean where several nodes share one database. Each keeps its own exactly. To one
//! webhook, a node has at most its share in flight, which is the configured limit divided by the
//! number of nodes that dispatch, rounded up: so over all nodes it is at most `ceil(limit / n) * n`,
//! and one each even if there are more nodes than that. While nodes come and go it is approximate,
//! until the others have noticed, which takes about a heartbeat; attempts under way are not cut off.
//! The other limits are for each node, and add up. Nodes neither take turns with each other nor tell
//! each other what they have learned: turns between webhooks are taken within a node, and each finds
//! a webhook's window and whether it has proved itself by its own attempts.

mod board;
mod claiming;
mod due;
mod giving_back;
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
use giving_back::GivingBack;
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
    /// Whether this node takes deliveries.
    pub dispatches: bool,
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
    dispatches: bool,
    metrics: Arc<Metrics>,
    notice_waits: Arc<Notify>,
    board: Mutex<Board>,
    giving_back: Mutex<GivingBack>,
    /// Let go and not yet given back.
    let_go: Mutex<Vec<DeliveryKey>>,
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
            dispatches: parts.dispatches,
            metrics: parts.metrics,
            notice_waits: parts.notice_waits,
            board: Mutex::new(Board::new(parts.concurrency)),
            giving_back: Mutex::default(),
            let_go: Mutex::default(),
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
        self.share();
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
        if !self.dispatches {
            return self.give_back(claimed.iter().map(|claimed| claimed.key).collect());
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

    /// Finds out how many nodes share what may be in flight to a webhook.
    pub(crate) fn share(&self) {
        self.board().share(self.store.dispatchers());
    }

    /// Finds everything that the store has waiting: at the start, after the clock was moved, or when
    /// something that another node left may have been missed.
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

    /// What is wrong with the loops, where there are any.
    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        if !self.dispatches {
            return Vec::new();
        }
        [&self.claiming_beat, &self.settling_beat]
            .iter()
            .filter_map(|beat| beat.trouble())
            .collect()
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something of this webhook is due then; if this node does not dispatch, for others.
    pub(crate) fn due_at(&self, webhook: WebhookId, at: Timestamp) {
        if self.dispatches && self.board().due_at(webhook, at) {
            self.due_changed.notify_one();
        }
    }
}

/// How much longer than the longest exchange a stop waits for the store.
const STOP_GRACE: Duration = Duration::from_secs(5);
