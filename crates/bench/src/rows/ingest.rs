//! Ingest: what Herald makes durable when nobody listens.

use std::sync::Arc;

use anyhow::Result;

use super::{Row, names, sustained::room};
use crate::{
    bench::Bench, herald::Herald, ledger::Ledger, measure::Counts, publisher::closed::ClosedLoop,
};

pub(super) async fn run(bench: &Bench) -> Result<Row> {
    let herald = Herald::start(bench).await?;
    let account = herald.account(std::iter::empty()).await?;
    let target = herald.target(&[account])?;
    let before = herald.disk()?;
    let ledger = Arc::new(Ledger::new(room(bench), 1));
    let publishers = ClosedLoop::start(&target, &ledger, u64::MAX).await?;
    let count = || Counts { accepted: publishers.accepted(), received: 0 };
    let window = bench.plan.measure(|| herald.process().cpu(), count).await?;
    let accepted = publishers.stop().await?;
    let memory_mib = Some(herald.process().peak_memory()?);
    let grown = herald.stop().await?.saturating_sub(before);
    Ok(Row {
        rate: Some(window.accepted_per_second()),
        cpu_micros: Some(window.cpu_per_accepted()),
        memory_mib,
        disk_bytes: Some(grown as f64 / accepted as f64),
        ..Row::new(names::INGEST, bench)
    })
}
