//! The open loop: events are due at fixed times, whatever became of those before.
//!
//! Every latency counts from when its event was due. A publisher that waits for an answer cannot
//! hide that the next event should have been sent meanwhile (coordinated omission).

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{Line, Target};
use crate::{
    ledger::Ledger,
    measure::{Latencies, Plan},
};

/// Connections that publish: enough that one is free whenever an event is due, unless Herald is
/// slower than a tenth of a second at the highest load that is offered.
const CONNECTIONS: usize = 256;

/// What is offered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    /// Events a second.
    pub(crate) rate: u32,
    /// How long.
    pub(crate) plan: Plan,
}

impl Offer {
    /// How many events are due in this time.
    pub(crate) fn events(&self, time: Duration) -> u64 {
        let events = u128::from(self.rate) * time.as_micros() / 1_000_000;
        u64::try_from(events).unwrap_or(u64::MAX)
    }
}

/// When each event was due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    start: Instant,
    rate: u32,
}

impl Schedule {
    /// When event `number` is due.
    pub(crate) fn due(&self, number: u64) -> Instant {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.rate);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What came of an offer: everything was accepted.
#[derive(Debug)]
pub(crate) struct Served {
    /// When each event was due.
    schedule: Schedule,
    /// Events in all, the first `unmeasured` of them to warm up.
    pub(crate) events: u64,
    unmeasured: u64,
    /// From due to accepted.
    pub(crate) accepted: Latencies,
}

impl Served {
    /// From due to received, by the webhooks in these slots.
    pub(crate) fn received(&self, ledger: &Ledger, slots: Range<usize>) -> Result<Latencies> {
        let mut latencies = Latencies::new()?;
        for number in self.unmeasured..self.events {
            let due = self.schedule.due(number);
            for at in slots.clone().filter_map(|slot| ledger.received_at(number, slot)) {
                latencies.note(at.saturating_duration_since(due));
            }
        }
        Ok(latencies)
    }
}

/// Publishes as offered, and waits until everything is accepted.
pub(crate) async fn publish(target: &Target, offer: Offer) -> Result<Served> {
    let mut lines = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        lines.push(Line::connect(target, number).await?);
    }
    let shared = Arc::new(Shared {
        schedule: Schedule { start: Instant::now(), rate: offer.rate },
        events: offer.events(offer.plan.whole()),
        unmeasured: offer.events(offer.plan.warm_up),
        due: Semaphore::new(0),
        next: AtomicU64::new(0),
        accepted: Mutex::new(Latencies::new()?),
    });
    let mut publishing = JoinSet::new();
    for line in lines {
        publishing.spawn(shared.clone().publish(line));
    }
    let pacemaker = shared.clone();
    let pacing = std::thread::spawn(move || pacemaker.pace());
    while let Some(line) = publishing.join_next().await {
        line??;
    }
    pacing.join().map_err(|_| anyhow!("the pacemaker panicked"))?;
    Ok(Served {
        schedule: shared.schedule,
        events: shared.events,
        unmeasured: shared.unmeasured,
        accepted: shared.latencies().clone(),
    })
}

/// What all connections share.
struct Shared {
    schedule: Schedule,
    events: u64,
    unmeasured: u64,
    /// A permit for each event that is due, and one more for each connection in the end.
    due: Semaphore,
    next: AtomicU64,
    accepted: Mutex<Latencies>,
}

impl Shared {
    async fn publish(self: Arc<Self>, mut line: Line) -> Result<()> {
        loop {
            self.due.acquire().await?.forget();
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.events {
                return Ok(());
            }
            line.publish(number).await?;
            if number >= self.unmeasured {
                let latency = self.schedule.due(number).elapsed();
                self.latencies().note(latency);
            }
        }
    }

    /// Says of each event when it is due; then tells each connection that there is no more.
    ///
    /// A thread, not a task: the runtime's timers tick in milliseconds, which is as long as what
    /// is to be measured.
    fn pace(&self) {
        for number in 0..self.events {
            let due = self.schedule.due(number);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.due.add_permits(1);
        }
        self.due.add_permits(CONNECTIONS);
    }

    fn latencies(&self) -> MutexGuard<'_, Latencies> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
