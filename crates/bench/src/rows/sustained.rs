//! W1 and W2: what Herald accepts and delivers for as long as one likes, and what that costs.
//!
//! Publishers hold back while a backlog builds up ([`BACKLOG`]); in the burst row they do not. In
//! the end everything that was accepted has to be at the receiver, or the row fails.

use std::{sync::Arc, time::Duration};

use anyhow::Result;

use super::{Row, names};
use crate::{
    bench::Bench,
    herald::Herald,
    ledger::Ledger,
    measure::{Counts, Window},
    publisher::{Target, closed::ClosedLoop},
    receiver::Receiver,
};

/// Notifications to one webhook that may be accepted and not received yet. Three quarters of what
/// Herald keeps in memory for one webhook.
pub(super) const BACKLOG: u64 = 768;

/// No backlog is too large.
const UNBOUNDED: u64 = u64::MAX;

/// Notifications a second that ledgers have room for.
const FASTEST: u128 = 400_000;

/// How many notifications a ledger needs room for.
pub(super) fn room(bench: &Bench) -> usize {
    usize::try_from(FASTEST * bench.plan.whole().as_millis() / 1_000).unwrap_or(usize::MAX)
}

pub(super) async fn w1(bench: &Bench) -> Result<Row> {
    fan_out(bench, names::W1, 1, BACKLOG).await
}

pub(super) async fn w2(bench: &Bench) -> Result<Row> {
    fan_out(bench, names::W2, 20, 20 * BACKLOG).await
}

pub(super) async fn burst(bench: &Bench) -> Result<Row> {
    fan_out(bench, names::BURST, 1, UNBOUNDED).await
}

async fn fan_out(bench: &Bench, name: &str, webhooks: usize, backlog: u64) -> Result<Row> {
    let herald = Herald::start(bench).await?;
    let before = herald.disk()?;
    let driven = drive_herald(bench, &herald, webhooks, backlog).await?;
    let memory_mib = Some(herald.process().peak_memory()?);
    let grown = herald.stop().await?.saturating_sub(before);
    let disk_bytes = Some(grown as f64 / driven.received as f64);
    Ok(Row { memory_mib, disk_bytes, ..driven.row(Row::new(name, bench)) })
}

/// Drives a running Herald with a new account that has so many webhooks.
pub(super) async fn drive_herald(
    bench: &Bench,
    herald: &Herald,
    webhooks: usize,
    backlog: u64,
) -> Result<Driven> {
    let ledger = Arc::new(Ledger::new(room(bench) / webhooks, webhooks));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let account = herald.account((0..webhooks).map(|slot| receiver.url(slot))).await?;
    let target = herald.target(&[account])?;
    let mut driven = drive(bench, || herald.process().cpu(), &target, &ledger, backlog).await?;
    driven.connections = Some(receiver.connections());
    Ok(driven)
}

/// Publishes for the planned time, and sees to it that everything arrives. `used` is the CPU time so far
/// of those who are measured.
pub(super) async fn drive(
    bench: &Bench,
    used: impl Fn() -> Result<Duration>,
    target: &Target,
    ledger: &Arc<Ledger>,
    backlog: u64,
) -> Result<Driven> {
    let publishers = ClosedLoop::start(target, ledger, backlog).await?;
    let count = || Counts { accepted: publishers.accepted(), received: ledger.distinct() };
    let window = bench.plan.measure(used, count).await?;
    let accepted = publishers.stop().await?;
    let received = accepted * ledger.slots() as u64;
    let drain = ledger.complete(received).await?;
    let duplicates = ledger.duplicates();
    Ok(Driven { window, accepted, received, drain, duplicates, connections: None })
}

/// What came of driving a server: everything that it accepted arrived.
#[derive(Debug)]
pub(super) struct Driven {
    window: Window,
    accepted: u64,
    received: u64,
    drain: Duration,
    duplicates: u64,
    /// Opened to the receiver, where that was counted.
    connections: Option<u64>,
}

impl Driven {
    /// Notifications that arrived, warm-up included.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Fills in what was found.
    pub(super) fn row(&self, row: Row) -> Row {
        let Self { window, accepted, received, drain, duplicates, connections } = self;
        let per_second = window.accepted_per_second();
        let remark = format!(
            "{per_second:.0} events/s accepted; {accepted} accepted, {received} received, \
             {duplicates} duplicates, the last {:.0} ms after the end",
            drain.as_secs_f64() * 1e3
        );
        let mut remarks = vec![remark];
        remarks.extend(connections.map(|opened| format!("{opened} connections to the receiver")));
        let rate = Some(window.received_per_second());
        Row { rate, cpu_micros: Some(window.cpu_per_received()), remarks, ..row }
    }
}
