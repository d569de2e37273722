//! The rows of the benchmark: one file is one thing that is measured, and how.

mod claims;
mod clients;
mod idle;
mod ingest;
mod isolation;
mod l0;
mod l1;
mod latency;
mod lists;
mod nodes;
mod pending;
mod sustained;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::{bench::Bench, measure::Quantiles};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Bare signed POSTs to the receiver.
    L0,
    /// Accept, sign, forward; no storage.
    L1,
    /// Herald, fan-out 1.
    W1,
    /// Herald, fan-out 20.
    W2,
    /// Herald, fan-out 1, publishers that do not hold back.
    Burst,
    /// Herald, no webhooks.
    Ingest,
    /// Latencies at fixed loads.
    Latency,
    /// A store full of pending retries, against an empty one.
    Pending,
    /// One receiver of ten hangs, against none.
    Isolation,
    /// Clients made and listed: in a store of 1,000, and of very many.
    Clients,
    /// Pages of the API and the portal over many deliveries: idle, and while events flow.
    Lists,
    /// Memory after the start.
    Idle,
    /// Herald on PostgreSQL: one node, three nodes, fan-out 20, and clients made.
    Nodes,
    /// Claims on PostgreSQL, among very many deliveries.
    Claims,
}

/// The kinds that are measured over plain HTTP unless others are asked for.
pub(crate) const USUAL: &[Kind] =
    &[Kind::Idle, Kind::L0, Kind::L1, Kind::W1, Kind::W2, Kind::Ingest, Kind::Latency];

/// The kinds that are measured over TLS unless others are asked for.
pub(crate) const USUAL_OVER_TLS: &[Kind] = &[Kind::L0, Kind::L1, Kind::W1];

/// The names of rows, by which they are compared.
pub(crate) mod names {
    pub(crate) use super::clients::{AMONG_FEW, AMONG_MANY, PAGES};
    pub(crate) use super::isolation::{HANGING, HEALTHY};
    pub(crate) use super::latency::received_at;
    pub(crate) use super::lists::{AMID, PAGES as LISTS, named};
    pub(crate) use super::pending::{EMPTY, FULL};

    pub(crate) const L0: &str = "L0";
    pub(crate) const L1: &str = "L1";
    pub(crate) const W1: &str = "W1";
    pub(crate) const W2: &str = "W2";
    pub(crate) const BURST: &str = "burst";
    pub(crate) const INGEST: &str = "ingest";
    pub(crate) const IDLE: &str = "idle";
    pub(crate) const P1: &str = "P1";
    pub(crate) const P3: &str = "P3";
    pub(crate) const P1_20: &str = "P1, fan-out 20";
    pub(crate) const P1_CLIENTS: &str = "P1, clients made";
    pub(crate) const CLAIMS: &str = "claims";
}

/// What was found; what a row does not measure is absent.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// Whether deliveries went over TLS.
    pub(crate) tls: bool,
    /// Deliveries a second; of ingest, events; of clients, those made.
    pub(crate) rate: Option<f64>,
    /// From due to accepted, or to received: the name says which.
    pub(crate) latency: Option<Quantiles>,
    /// CPU time of the server for each delivery, µs; of ingest, for each event.
    pub(crate) cpu_micros: Option<f64>,
    /// Most memory that the server ever had resident, MiB; of idle, memory at rest.
    pub(crate) memory_mib: Option<f64>,
    /// What each delivery left on the disk, bytes; of ingest, each event.
    pub(crate) disk_bytes: Option<f64>,
    /// From the start of the process until it was ready, seconds.
    pub(crate) start_seconds: Option<f64>,
    /// What else is worth knowing.
    pub(crate) remarks: Vec<String>,
}

impl Row {
    fn new(name: impl Into<String>, bench: &Bench) -> Self {
        Self { name: name.into(), tls: bench.tls.is_some(), ..Self::default() }
    }
}

/// Measures one kind. An error means that the row has no meaning: something was refused, or lost.
pub(crate) async fn run(kind: Kind, bench: &Bench) -> Result<Vec<Row>> {
    match kind {
        Kind::L0 => Ok(vec![l0::run(bench).await?]),
        Kind::L1 => Ok(vec![l1::run(bench).await?]),
        Kind::W1 => Ok(vec![sustained::w1(bench).await?]),
        Kind::W2 => Ok(vec![sustained::w2(bench).await?]),
        Kind::Burst => Ok(vec![sustained::burst(bench).await?]),
        Kind::Ingest => Ok(vec![ingest::run(bench).await?]),
        Kind::Latency => latency::run(bench).await,
        Kind::Pending => pending::run(bench).await,
        Kind::Clients => clients::run(bench).await,
        Kind::Lists => lists::run(bench).await,
        Kind::Isolation => isolation::run(bench).await,
        Kind::Idle => Ok(vec![idle::run(bench).await?]),
        Kind::Nodes => nodes::run(bench).await,
        Kind::Claims => claims::run(bench).await,
    }
}
