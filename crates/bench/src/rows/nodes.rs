//! P1, P3 and P1×20: Herald on PostgreSQL, as one node and as three, server and all on this machine.
//! And what it costs there to make a client, of an account with one webhook.

use std::{sync::Arc, time::Duration};

use anyhow::Result;

use super::{
    Row, names,
    sustained::{BACKLOG, drive, room},
};
use crate::{
    bench::Bench, herald::Herald, ledger::Ledger, measure::Counts, postgres::Postgres,
    publisher::closed::ClosedLoop, receiver::Receiver,
};

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    Ok(vec![
        fan_out(bench, names::P1, 1, 1).await?,
        fan_out(bench, names::P3, 3, 1).await?,
        fan_out(bench, names::P1_20, 1, 20).await?,
        clients(bench).await?,
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
    let trips_before = round_trips(&heralds).await?;
    let backlog = webhooks as u64 * BACKLOG;
    let driven = drive(bench, used, &target, &ledger, backlog).await?;
    let share = postgres.work().await?.for_each(work, driven.received());
    let trips = (round_trips(&heralds).await? - trips_before) as f64 / driven.received() as f64;
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
        "{:.3} commits, {:.2} statements and {trips:.2} round trips a delivery",
        share.commits, share.statements
    ));
    Ok(row)
}

/// Clients made by the API at one node, and the events of that delivered.
async fn clients(bench: &Bench) -> Result<Row> {
    let postgres = Postgres::start(bench).await?;
    let herald = Herald::start_on(bench, bench.folder()?, &postgres.url()).await?;
    let heralds = std::slice::from_ref(&herald);
    let ledger = Arc::new(Ledger::new(room(bench), 1));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let account = herald.account([receiver.url(0)].into_iter()).await?;
    let target = herald.client_target(&account);
    let (work, trips_before) = (postgres.work().await?, round_trips(heralds).await?);
    let node_before = herald.process().cpu()?;
    let makers = ClosedLoop::start(&target, &ledger, u64::MAX).await?;
    let count = || Counts { accepted: makers.accepted(), received: 0 };
    let used = || Ok(herald.process().cpu()? + postgres.cpu()?);
    let window = bench.plan.measure(used, count).await?;
    let made = makers.stop().await?;
    let share = postgres.work().await?.for_each(work, made);
    let trips = (round_trips(heralds).await? - trips_before) as f64 / made as f64;
    let of_node = herald.process().cpu()?.saturating_sub(node_before).as_secs_f64() * 1e6;
    herald.stop().await?;
    Ok(Row {
        rate: Some(window.accepted_per_second()),
        cpu_micros: Some(window.cpu_per_accepted()),
        remarks: vec![
            format!("{:.0} µs a client of the CPU are the node's", of_node / made as f64),
            format!(
                "{:.3} commits, {:.2} statements and {trips:.2} round trips a client",
                share.commits, share.statements
            ),
        ],
        ..Row::new(names::P1_CLIENTS, bench)
    })
}

async fn round_trips(heralds: &[Herald]) -> Result<u64> {
    let mut all = 0;
    for herald in heralds {
        all += herald.round_trips().await?;
    }
    Ok(all)
}
