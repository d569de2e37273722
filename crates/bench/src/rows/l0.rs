//! L0: bare signed POSTs to the receiver (`l0_sender`), the most that this machine can do with
//! this library; the sender in a process of its own.

use std::{process::Command, sync::Arc};

use anyhow::{Result, ensure};

use super::{Row, names};
use crate::{
    bench::Bench, child::Child, http1::call, ledger::Ledger, measure::Counts, receiver::Receiver,
};

pub(super) async fn run(bench: &Bench) -> Result<Row> {
    let ledger = Arc::new(Ledger::new(super::sustained::room(bench), 1));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["l0-sender", "--post-to", &receiver.url(0)]);
    if let Some(authority) = bench.authority() {
        command.arg("--authority").arg(authority);
    }
    let sender = Child::start(command).await?;
    call(sender.address(), "POST", "/begin", "", "").await?;
    let count = || Counts { accepted: ledger.distinct(), received: ledger.distinct() };
    let window = bench.plan.measure(|| sender.process().cpu(), count).await?;
    let posted: u64 = call(sender.address(), "POST", "/stop", "", "").await?.parse()?;
    ensure!(ledger.has_room(posted), "the ledger is full: measure for less time");
    ledger.complete(posted).await?;
    Ok(Row {
        rate: Some(window.received_per_second()),
        cpu_micros: Some(window.cpu_per_received()),
        ..Row::new(names::L0, bench)
    })
}
