//! Idle: what Herald takes when there is nothing to do.

use std::time::Duration;

use anyhow::Result;

use super::{Row, names};
use crate::{bench::Bench, herald::Herald};

/// By then a start has come to rest.
const REST: Duration = Duration::from_secs(5);

pub(super) async fn run(bench: &Bench) -> Result<Row> {
    let herald = Herald::start(bench).await?;
    let before = herald.process().cpu()?;
    tokio::time::sleep(REST).await;
    let used = herald.process().cpu()?.saturating_sub(before);
    Ok(Row {
        memory_mib: Some(herald.process().memory()?),
        start_seconds: Some(herald.started_in().as_secs_f64()),
        remarks: vec![format!("{:.0} ms of CPU time in {REST:?}", used.as_secs_f64() * 1e3)],
        ..Row::new(names::IDLE, bench)
    })
}
