//! What is measured, in the Prometheus text format.
//!
//! Counters are counted where things happen; gauges are read off when somebody asks. Labels are
//! few and bounded: never an account, a webhook or anything that a customer wrote.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use herald_domain::{attempt::Attempt, notice::Happened};
use herald_store::{After, Books, Receipt, Store};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use tokio::time::timeout;

use crate::{Engine, dispatch::Load};

/// How long whoever asks for metrics waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// The kinds of notices, shown from the start: an alert on the first one has to see it come.
const KINDS: [&str; 2] = ["failing", "disabled"];

/// What is measured.
pub struct Metrics {
    registry: Registry,
    events: Counter<u64, AtomicU64>,
    fanned_out: Counter<u64, AtomicU64>,
    attempts: Family<ResultLabel, Counter>,
    attempt_seconds: Histogram,
    settled: Family<StateLabel, Counter>,
    disabled: Counter,
    let_go: Counter,
    notices: Family<KindLabel, Counter>,
    notice_webhook_troubles: Family<KindLabel, Counter>,
    in_hand: Gauge,
    in_flight: Gauge,
    slow: Gauge,
    waiting: Gauge,
    scheduled: Gauge,
    deliveries: Family<StateLabel, Gauge>,
    round_trips: Counter<u64, AtomicU64>,
    store_up: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("herald"),
            events: Counter::default(),
            fanned_out: Counter::default(),
            attempts: Family::default(),
            // 1 ms to 16 s: the deadline is 15 s.
            attempt_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            settled: Family::default(),
            disabled: Counter::default(),
            let_go: Counter::default(),
            notices: Family::default(),
            notice_webhook_troubles: Family::default(),
            in_hand: Gauge::default(),
            in_flight: Gauge::default(),
            slow: Gauge::default(),
            waiting: Gauge::default(),
            scheduled: Gauge::default(),
            deliveries: Family::default(),
            round_trips: Counter::default(),
            store_up: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("events", "Events accepted", self.events.clone());
        let help = "Deliveries made by fan-out, held ones included";
        registry.register("deliveries_accepted", help, self.fanned_out.clone());
        registry.register("attempts", "Attempts ended, by result", self.attempts.clone());
        let help = "How long attempts took";
        registry.register("attempt_duration_seconds", help, self.attempt_seconds.clone());
        let help = "Attempts recorded, by what followed";
        registry.register("attempts_recorded", help, self.settled.clone());
        let help = "Webhooks disabled because their retries were exhausted";
        registry.register("webhooks_disabled", help, self.disabled.clone());
        let help = "Deliveries not attempted, since the lease that they were held under had ended";
        registry.register("deliveries_let_go", help, self.let_go.clone());
        let help = "Notices of webhooks close to being disabled, or disabled";
        registry.register("notices", help, self.notices.clone());
        let help = "How often the notice webhook itself was close to being disabled, or was";
        registry.register("notice_webhook_troubles", help, self.notice_webhook_troubles.clone());
        for kind in KINDS {
            for family in [&self.notices, &self.notice_webhook_troubles] {
                drop(family.get_or_create(&KindLabel { kind }));
            }
        }
        let help = "Attempts started and not recorded yet";
        registry.register("attempts_in_hand", help, self.in_hand.clone());
        let help = "Requests under way that are not slow";
        registry.register("attempts_in_flight", help, self.in_flight.clone());
        registry.register("attempts_slow", "Requests under way for long", self.slow.clone());
        registry.register(
            "deliveries_in_memory",
            "Deliveries waiting in memory",
            self.waiting.clone(),
        );
        let help = "Webhooks with deliveries in the store that are, or will be, due";
        registry.register("webhooks_scheduled", help, self.scheduled.clone());
        let help = "Deliveries by state, of the whole database: the same at every node";
        registry.register("deliveries", help, self.deliveries.clone());
        let help = "1 if the store has answered just now; else herald_deliveries is left out";
        registry.register("store_up", help, self.store_up.clone());
        let help = "How often an answer of the database was waited for; never of an embedded one";
        registry.register("database_round_trips", help, self.round_trips.clone());
    }

    pub(crate) fn accepted(&self, receipt: &Receipt) {
        self.events.inc_by(u64::try_from(receipt.events.len()).unwrap_or(u64::MAX));
        self.fanned_out.inc_by(receipt.deliveries);
    }

    pub(crate) fn attempted(&self, attempt: &Attempt) {
        let result = attempt.answer.error_class().map_or("success", |class| class.as_str());
        self.attempts.get_or_create(&ResultLabel { result }).inc();
        self.attempt_seconds.observe(attempt.duration.as_secs_f64());
    }

    pub(crate) fn settled(&self, after: &After) {
        let state = match after {
            After::Delivered => "delivered",
            After::Retry { .. } => "retry",
            After::Exhausted { .. } => "exhausted",
        };
        self.settled.get_or_create(&StateLabel { state }).inc();
    }

    pub(crate) fn disabled(&self) {
        self.disabled.inc();
    }

    /// A delivery was let go: it is not attempted under a lease that is not held any more.
    pub(crate) fn let_go(&self) {
        self.let_go.inc();
    }

    pub(crate) fn noticed(&self, what: &Happened) {
        self.notices.get_or_create(&KindLabel { kind: what.kind() }).inc();
    }

    /// Something is wrong with where notices go: one of [`KINDS`].
    pub(crate) fn notice_webhook_trouble(&self, kind: &'static str) {
        self.notice_webhook_troubles.get_or_create(&KindLabel { kind }).inc();
    }

    /// Without books, if the store does not answer: what is counted here is told all the same.
    fn observe(&self, load: Load, store: &dyn Store, books: Option<Books>) {
        self.round_trips.inner().store(store.round_trips(), Ordering::Relaxed);
        let set = |gauge: &Gauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.in_hand, load.in_hand);
        set(&self.in_flight, load.in_flight);
        set(&self.slow, load.slow);
        set(&self.waiting, load.waiting);
        set(&self.scheduled, load.scheduled);
        set(&self.store_up, usize::from(books.is_some()));
        let Some(books) = books else {
            self.deliveries.clear();
            return;
        };
        for (state, count) in [
            ("pending", books.pending),
            ("delivered", books.delivered),
            ("exhausted", books.exhausted),
            ("held", books.held),
            ("cancelled", books.cancelled),
        ] {
            let gauge = self.deliveries.get_or_create(&StateLabel { state }).clone();
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

impl Engine {
    /// Everything that is measured, in the Prometheus text format.
    pub async fn metrics_text(&self) -> crate::Result<String> {
        let books = timeout(STORE_PATIENCE, self.store.books(None)).await;
        let books = books.ok().and_then(std::result::Result::ok);
        self.metrics.observe(self.dispatcher.load(), &*self.store, books);
        let mut text = String::new();
        encode(&mut text, &self.metrics.registry)
            .map_err(|error| crate::EngineError::Internal(error.to_string()))?;
        Ok(text)
    }
}
