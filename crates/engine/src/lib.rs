//! What happens in Herald: the use cases that people and programs ask for, and the background
//! work that delivers. The only writer of the store.
//!
//! [`Engine`] is the whole of it to the outside. A request goes through one of its methods
//! (`accounts`, `webhooks`, `secrets`, `resources`, `publish`, `test_events`, `history`, `why`,
//! `statistics`, `resend`, `recover`, `endpoints`, `portal`); what is accepted is handed to the
//! [`dispatch`]er, which attempts it through the guarded [`http`] client and settles what came
//! back; of webhooks that fail the operator is told ([`notices`]). [`upkeep`] forgets what is old; `resources::runner` completes the test environment's
//! checks. Time and chance come in through [`Clock`] and [`Chance`], so a test holds both in its
//! hand.
//!
//! What it leaves to others: what is stored how (a backend of `herald-store`), how requests look
//! on the wire (`herald-web`), where the configuration comes from (`herald`).

#![warn(missing_docs)]

mod accounts;
mod chance;
mod clock;
pub mod dispatch;
mod endpoints;
mod error;
mod health;
mod history;
pub mod http;
mod keys;
mod metrics;
mod nodes;
mod notices;
mod portal;
mod publish;
mod recover;
mod resend;
mod resources;
mod seal;
mod secrets;
mod settings;
mod statistics;
mod test_events;
mod upkeep;
mod webhooks;
mod why;

use std::sync::Arc;

use herald_domain::{catalogue::Catalogue, id::IdSequence, time::Timestamp};
use herald_store::Store;

pub use accounts::NewAccountKeys;
pub use chance::{Chance, SystemChance};
pub use clock::{Clock, SystemClock};
pub use endpoints::{
    EndpointChanges, Examined, Incoming, NewEndpoint, OpenEndpoint, RECEIVED, Viewing,
};
pub use error::{EngineError, Result};
pub use health::{Health, Trouble};
pub use keys::{Access, OperatorKey};
pub use metrics::Metrics;
pub use notices::NoticeHook;
pub use portal::{NewLink, SignedIn, Token};
pub use publish::{IdempotencyKey, Publication};
pub use recover::RECOVERABLE;
pub use resend::Resent;
pub use seal::{SEAL_KEY, SealKey, Sealer};
pub use secrets::SecretRotation;
pub use settings::{Concurrency, Role, Settings};
pub use statistics::{DeliveryStatistics, StatisticsQuery};
pub use test_events::TestEvent;
pub use webhooks::{NewWebhook, WebhookChanges};
pub use why::Why;

/// Herald's use cases. Cheap to share; every method may be called at once.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    ids: Arc<IdSequence>,
    catalogue: Arc<Catalogue>,
    settings: Settings,
    sealer: Sealer,
    keys: keys::KeyRing,
    dispatcher: Arc<dispatch::Dispatcher>,
    /// What comes in at temporary endpoints; shared with the dispatcher.
    inbox: Arc<endpoints::Inbox>,
    metrics: Arc<Metrics>,
    /// Wakes upkeep when there is something to tidy.
    tidy: Arc<tokio::sync::Notify>,
    /// Wakes the check runner when a check was made.
    check_is_due: Arc<tokio::sync::Notify>,
    runner_beat: health::Heartbeat,
    /// Room for attempts on request.
    resends: Arc<tokio::sync::Semaphore>,
    /// Wakes who goes on with recoveries when one was made.
    recovery_is_made: Arc<tokio::sync::Notify>,
    /// Wakes who tells the operator when there is something to tell; shared with the dispatcher.
    notice_waits: Arc<tokio::sync::Notify>,
    /// What the clock showed when this process last noted the time.
    noted_time: std::sync::Mutex<Option<Timestamp>>,
    /// Whether the engine has ended: told to, or by being dropped, whoever listens to other nodes.
    ended: tokio::sync::watch::Sender<bool>,
}

/// What an engine is made of.
pub struct Parts {
    /// Where everything is remembered.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub chance: Arc<dyn Chance>,
    /// Who issues ids; shared with the store, which makes deliveries.
    pub ids: Arc<IdSequence>,
    /// The event types there are.
    pub catalogue: Catalogue,
    /// Who resolves names for the HTTP client.
    pub resolver: Arc<dyn http::Resolve>,
    /// The configured rules and limits.
    pub settings: Settings,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that answers requests; nothing is dispatched before [`Engine::start`].
    pub fn new(parts: Parts) -> Result<Arc<Self>, http::ClientProblem> {
        let config = &parts.settings.client;
        let longest_attempt = config.deadline + config.body_time;
        let client = http::Client::new(parts.settings.client.clone(), parts.resolver)?;
        let metrics = Arc::new(Metrics::default());
        let sealer = Sealer::new(&parts.settings.seal_key);
        let inbox = Arc::new(endpoints::Inbox::new(
            parts.store.clone(),
            parts.clock.clone(),
            parts.ids.clone(),
            endpoints::Doors::new(&parts.settings.public_url),
        ));
        let notice_waits = Arc::new(tokio::sync::Notify::new());
        let dispatcher = dispatch::Dispatcher::new(dispatch::DispatcherParts {
            store: parts.store.clone(),
            clock: parts.clock.clone(),
            chance: parts.chance.clone(),
            client,
            inbox: inbox.clone(),
            deadline: parts.settings.client.deadline,
            longest_attempt,
            sealer: sealer.clone(),
            rules: parts.settings.rules.clone(),
            concurrency: parts.settings.concurrency,
            dispatches: parts.settings.role.dispatches(),
            metrics: metrics.clone(),
            notice_waits: notice_waits.clone(),
        });
        Ok(Arc::new(Self {
            store: parts.store,
            clock: parts.clock,
            chance: parts.chance,
            ids: parts.ids,
            catalogue: Arc::new(parts.catalogue),
            keys: keys::KeyRing::new(&parts.settings.operator_key),
            settings: parts.settings,
            sealer,
            dispatcher,
            inbox,
            metrics,
            tidy: Arc::default(),
            check_is_due: Arc::default(),
            runner_beat: health::Heartbeat::new("checks"),
            resends: Arc::new(tokio::sync::Semaphore::new(resend::AT_ONCE as usize)),
            recovery_is_made: Arc::default(),
            notice_waits,
            noted_time: std::sync::Mutex::default(),
            ended: tokio::sync::watch::Sender::default(),
        }))
    }

    /// Starts to listen to other nodes; and, unless it is only the [`Role::Api`] of this one, the
    /// background work: finding what is due, dispatching, settling, upkeep, checks, recoveries,
    /// notices.
    pub async fn start(self: &Arc<Self>) -> Result<()> {
        if self.settings.role.dispatches() {
            self.follow_the_clock().await?;
            self.arrange_notices().await?;
            self.dispatcher.start().await?;
            upkeep::spawn(self);
            resources::runner::spawn(self);
            recover::spawn(self);
            notices::spawn(self);
        }
        nodes::spawn(self);
        Ok(())
    }

    /// Stops claiming at once, ends every [`Viewing`], lets what is in flight end within its
    /// deadline, records it, and leaves the other nodes.
    pub async fn stop(&self) {
        self.wind_down().await;
        self.leave().await;
    }

    /// Everything of [`Engine::stop`] but leaving: requests are still answered, and what they accept
    /// is for others.
    pub async fn wind_down(&self) {
        self.ended.send_replace(true);
        self.end_viewings();
        tokio::join!(self.dispatcher.stop(), resend::wait_for_all(&self.resends, &self.dispatcher));
    }

    /// Leaves the other nodes, which have at once whatever is not done. Nothing is accepted after.
    pub async fn leave(&self) {
        if let Err(error) = self.store.leave().await {
            tracing::warn!(%error, "other nodes take over only when the lease of this one has ended");
        }
    }

    /// The event types there are.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What is measured, for `/metrics`.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
