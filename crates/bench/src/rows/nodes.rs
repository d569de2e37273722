//! P1, P3 and P1×20: Herald on PostgreSQL, as one node and as three, server and all on this machine.

use std::{sync::Arc, time::Duration};

use anyhow::Result;

use super::{
    Row, names,
    sustained::{BACKLOG, drive, room},
};
use crate::{bench::Bench, herald::Herald, ledger::Ledger, postgres::Postgres, receiver::Receiver};

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    Ok(vec![
        fan_out(bench, names::P1, 1, 1).await?,
        fan_out(bench, names::P3, 3, 1).await?,
        fan_out(bench, names::P1_20, 1, 20).await?,
    ])
}

/// Drives so many nodes on one database with an account that has so many webhooks.
async fn fan_out(bench: &Bench, name: &str, nodes: usize, webhooks: usize) -> Result<Row> {
    let postgres = Postgres::start(bench).await?;
    let mut heralds = Vec::new();
    for _ in 0..nodes {
        heralds.push(Herald::start_on(bench, bench.folder()?, &postgres.url()).await?);
    }
    let ledger = Arc::new(Ledger::new(room(bench) / webhooks, webhooks));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let account = heralds[0].account((0..webhooks).map(|slot| receiver.url(slot))).await?;
    let addresses = heralds.iter().map(Herald::address).collect();
    let target = heralds[0].target(&[account])?.spread_over(addresses);
    let of_nodes = || -> Result<Duration> {
        heralds.iter().map(|herald| herald.process().cpu()).sum::<Result<Duration>>()
    };
    let used = || Ok(of_nodes()? + postgres.cpu()?);
    let (work, nodes_before) = (postgres.work().await?, of_nodes()?);
    let backlog = webhooks as u64 * BACKLOG;
    let driven = drive(bench, used, &target, &ledger, backlog).await?;
    let share = postgres.work().await?.for_each(work, driven.received());
    let of_nodes =
        (of_nodes()?.saturating_sub(nodes_before)).as_secs_f64() * 1e6 / driven.received() as f64;
    let memory: Result<Vec<f64>> =
        heralds.iter().map(|herald| herald.process().peak_memory()).collect();
    for herald in heralds {
        herald.stop().await?;
    }
    let mut row = driven.row(Row::new(name, bench));
    row.memory_mib = Some(memory?.into_iter().fold(0.0, f64::max));
    row.remarks.push(format!(
        "CPU is of nodes and server together; {of_nodes:.0} µs a delivery of it are the nodes'"
    ));
    row.remarks.push(format!(
        "{:.3} commits and {:.2} statements a delivery",
        share.commits, share.statements
    ));
    Ok(row)
}
