//! Pending: what a store full of retries costs those who have nothing to do with them.
//!
//! The same rows twice: on an empty database, and on one in which deliveries of 1,000 webhooks
//! wait for retries that are days ahead. The database is filled through the store's own traits, as
//! Herald fills it: recorded, attempted once without success, settled.

mod filling;

use anyhow::Result;

use super::{
    Row, latency,
    sustained::{BACKLOG, drive_herald},
};
use crate::{bench::Bench, herald::Herald};

/// The load at which latencies are compared, events a second.
const RATE: u32 = 1_000;

/// The names of the rows: fan-out 1, and latency, on the empty and on the full store.
pub(crate) const EMPTY: [&str; 2] = ["W1, empty store", "received, empty store"];
pub(crate) const FULL: [&str; 2] = ["W1, full store", "received, full store"];

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = measure(bench, EMPTY, Herald::start(bench).await?).await?;
    let folder = bench.folder()?;
    let began = std::time::Instant::now();
    filling::fill(&crate::herald::database(&folder), bench.pending).await?;
    let filled_in = began.elapsed();
    let mut full = measure(bench, FULL, Herald::start_in(bench, folder).await?).await?;
    let pending = bench.pending;
    full[0].remarks.push(format!("{pending} pending retries, made in {filled_in:.0?}"));
    rows.append(&mut full);
    Ok(rows)
}

async fn measure(bench: &Bench, names: [&str; 2], herald: Herald) -> Result<Vec<Row>> {
    let [rate, received] = names;
    let after_start = herald.process().memory()?;
    // First, since what the other row leaves to be written would be waited for here.
    let (_, latency) = latency::at(bench, &herald, RATE).await?;
    let driven = drive_herald(bench, &herald, 1, BACKLOG).await?;
    let mut row = driven.row(Row::new(rate, bench));
    row.memory_mib = Some(herald.process().peak_memory()?);
    row.start_seconds = Some(herald.started_in().as_secs_f64());
    row.remarks.push(format!("{after_start:.1} MiB resident once it was ready"));
    let disk = herald.stop().await?;
    row.remarks.push(format!("database of {} MiB in the end", disk >> 20));
    Ok(vec![row, latency::row(bench, received.into(), latency)])
}
