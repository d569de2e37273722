//! Isolation: 1,000 receivers, one of ten hangs; what do the others notice?
//!
//! 50 accounts with 20 webhooks each, every webhook with an origin of its own, and events to all
//! accounts in turn. Measured twice at the same load: with every receiver healthy, and with two
//! webhooks of each account hanging. Only the healthy eighteen are compared, each time the same.

use std::{sync::Arc, time::Duration};

use anyhow::Result;

use super::{Row, latency};
use crate::{
    bench::Bench,
    herald::Herald,
    ledger::Ledger,
    measure::{Plan, Quantiles},
    publisher::open::{self, Offer},
    receiver::Receiver,
};

/// The row in which everybody is healthy.
pub(crate) const HEALTHY: &str = "1,000 healthy";

/// The row in which one of ten hangs.
pub(crate) const HANGING: &str = "100 of 1,000 hang";

const ACCOUNTS: usize = 50;
const WEBHOOKS: usize = 20;

/// Of each account's webhooks, the first so many hang.
const HANG: usize = 2;

/// Measured for at least so long: two deadlines of an attempt.
const LEAST: Duration = Duration::from_secs(30);

/// Events a second, each for 20 webhooks.
const RATE: u32 = 50;

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let healthy = measure(bench, 0).await?;
    let hanging = measure(bench, HANG).await?;
    Ok(vec![
        latency::row(bench, HEALTHY.into(), healthy),
        latency::row(bench, HANGING.into(), hanging),
    ])
}

/// Latencies of the webhooks that never hang, while `hanging` of each account do.
async fn measure(bench: &Bench, hanging: usize) -> Result<Quantiles> {
    let herald = Herald::start(bench).await?;
    let plan = Plan { seconds: bench.plan.seconds.max(LEAST), ..bench.plan };
    let offer = Offer { rate: RATE, plan };
    let events = usize::try_from(offer.events(plan.whole()))?;
    let ledger = Arc::new(Ledger::new(events, WEBHOOKS));
    let mut receivers = Vec::with_capacity(ACCOUNTS * WEBHOOKS);
    let mut accounts = Vec::with_capacity(ACCOUNTS);
    for _ in 0..ACCOUNTS {
        let first = receivers.len();
        for _ in 0..WEBHOOKS {
            receivers.push(Receiver::start(&ledger, bench.tls.as_ref()).await?);
        }
        let urls = receivers[first..].iter().enumerate().map(|(slot, receiver)| {
            if slot < hanging { receiver.hanging_url(slot) } else { receiver.url(slot) }
        });
        accounts.push(herald.account(urls).await?);
    }
    let served = open::publish(&herald.target(&accounts)?, offer).await?;
    ledger.complete(served.events * (WEBHOOKS - hanging) as u64).await?;
    let received = served.received(&ledger, HANG..WEBHOOKS)?;
    // Not ended in order: that would wait for those who hang.
    Ok(received.quantiles())
}
