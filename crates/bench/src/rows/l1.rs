//! L1: the same two hops as Herald's, without storage (`l1_server`), in a process of its own.

use std::{process::Command, sync::Arc};

use anyhow::Result;

use super::{
    Row, names,
    sustained::{BACKLOG, drive, room},
};
use crate::{bench::Bench, child::Child, ledger::Ledger, publisher::Target, receiver::Receiver};

pub(super) async fn run(bench: &Bench) -> Result<Row> {
    let ledger = Arc::new(Ledger::new(room(bench), 1));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["l1-server", "--forward-to", &receiver.url(0)]);
    if let Some(authority) = bench.authority() {
        command.arg("--authority").arg(authority);
    }
    let server = Child::start(command).await?;
    let target = Target::new(server.address(), "none", &["none".into()])?;
    let driven = drive(bench, || server.process().cpu(), &target, &ledger, BACKLOG).await?;
    Ok(Row {
        memory_mib: Some(server.process().peak_memory()?),
        ..driven.row(Row::new(names::L1, bench))
    })
}
