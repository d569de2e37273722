//! The closed loop: each connection publishes its next event when the last was accepted, and all
//! hold back while too much is on its way.
//!
//! Holding back is what makes the rate a sustained one: what is measured is not how fast a backlog
//! can be piled up, but how fast events can come in and go out without one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::{Line, Target};
use crate::ledger::Ledger;

/// Connections that publish: enough that the rate is not the commits' latency in disguise.
pub(crate) const CONNECTIONS: usize = 128;

/// How long a publisher that holds back waits before it looks again.
const HOLD: Duration = Duration::from_millis(1);

/// Publishers at work.
#[derive(Debug)]
pub(crate) struct ClosedLoop {
    shared: Arc<Shared>,
    lines: JoinSet<Result<()>>,
}

#[derive(Debug)]
struct Shared {
    ledger: Arc<Ledger>,
    /// Notifications that may be accepted and not received yet.
    backlog: u64,
    next: AtomicU64,
    accepted: AtomicU64,
    stopping: AtomicBool,
}

impl ClosedLoop {
    /// Starts to publish.
    pub(crate) async fn start(target: &Target, ledger: &Arc<Ledger>, backlog: u64) -> Result<Self> {
        let shared = Arc::new(Shared {
            ledger: ledger.clone(),
            backlog,
            next: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let mut lines = JoinSet::new();
        for number in 0..CONNECTIONS {
            let line = Line::connect(target, number).await?;
            lines.spawn(shared.clone().publish(line));
        }
        Ok(Self { shared, lines })
    }

    /// Events accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Stops; answers how many events were accepted in all. An error if one was refused.
    pub(crate) async fn stop(mut self) -> Result<u64> {
        self.shared.stopping.store(true, Ordering::Relaxed);
        while let Some(line) = self.lines.join_next().await {
            line??;
        }
        Ok(self.accepted())
    }
}

impl Shared {
    async fn publish(self: Arc<Self>, mut line: Line) -> Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            ensure!(self.ledger.has_room(number), "the ledger is full: measure for less time");
            while self.is_ahead(number) && !self.is_stopping() {
                tokio::time::sleep(HOLD).await;
            }
            if self.is_stopping() {
                return Ok(());
            }
            line.publish(number).await?;
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether too much would be on its way if this event were published now.
    fn is_ahead(&self, number: u64) -> bool {
        let made = (number + 1) * self.ledger.slots() as u64;
        made > self.ledger.distinct().saturating_add(self.backlog)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
