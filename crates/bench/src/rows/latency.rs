//! Latency: from when an event was due to when it was accepted, and received, at fixed loads.

use std::sync::Arc;

use anyhow::Result;

use super::Row;
use crate::{
    bench::Bench,
    herald::Herald,
    ledger::Ledger,
    measure::Quantiles,
    publisher::open::{self, Offer},
    receiver::Receiver,
};

/// The loads, events a second. The goals are set at the first.
const RATES: [u32; 2] = [1_000, 5_000];

/// The name of a row about what is received.
pub(crate) fn received_at(rate: u32) -> String {
    format!("received at {rate}/s")
}

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(2 * RATES.len());
    for rate in RATES {
        let herald = Herald::start(bench).await?;
        let (accepted, received) = at(bench, &herald, rate).await?;
        rows.push(row(bench, format!("accepted at {rate}/s"), accepted));
        rows.push(row(bench, received_at(rate), received));
        herald.stop().await?;
    }
    Ok(rows)
}

/// Latencies of a running Herald at this load, to one webhook: until accepted, until received.
pub(super) async fn at(
    bench: &Bench,
    herald: &Herald,
    rate: u32,
) -> Result<(Quantiles, Quantiles)> {
    let offer = Offer { rate, plan: bench.plan };
    let events = usize::try_from(offer.events(bench.plan.whole()))?;
    let ledger = Arc::new(Ledger::new(events, 1));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let account = herald.account(std::iter::once(receiver.url(0))).await?;
    let served = open::publish(&herald.target(&[account])?, offer).await?;
    ledger.complete(served.events).await?;
    let received = served.received(&ledger, 0..1)?;
    Ok((served.accepted.quantiles(), received.quantiles()))
}

pub(super) fn row(bench: &Bench, name: String, latency: Quantiles) -> Row {
    Row { latency: Some(latency), ..Row::new(name, bench) }
}
