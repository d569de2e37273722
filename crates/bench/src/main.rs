//! `herald-bench`: how fast is Herald, and what does it cost, on the machine at hand?
//!
//! ```text
//!  publisher ──HTTP──> Herald ──signed POST──> receiver ──> ledger
//!  └─ this process ─┘  └ child ┘               └─── this process ───┘
//! ```
//!
//! Herald is the real release binary in a process of its own, on a database on disk; publisher and
//! receiver are this process, with two worker threads. All share the machine, so what counts are
//! ratios of rows of one run ([`goals`]): a row without storage (L1), a row without Herald (L0).
//! A row is valid only if everything that was accepted was received ([`ledger`]).
//!
//! | module | tells |
//! |---|---|
//! | `rows` | what is measured, a file for each |
//! | `event`, `http1` | what is sent, and the little HTTP that takes |
//! | `publisher`, `receiver`, `ledger` | who sends, who gets it, and the books of it |
//! | `poster`, `l0_sender`, `l1_server`, `tls` | what Herald is compared with |
//! | `herald`, `child` | Herald as a process |
//! | `filler` | how a store is filled |
//! | `measure`, `machine` | clocks, counters, `/proc` |
//! | `goals`, `report` | what is made of it |
//!
//! # To add a row
//!
//! 1. Add its file below `rows`, a [`rows::Kind`], and its name to `rows::names`.
//! 2. If it has a goal, add that to [`goals`].
#![expect(clippy::cast_precision_loss, reason = "counts are far below 2^52; these are statistics")]

mod bench;
mod child;
mod event;
mod filler;
mod goals;
mod herald;
mod http1;
mod l0_sender;
mod l1_server;
mod ledger;
mod machine;
mod measure;
mod poster;
mod postgres;
mod publisher;
mod receiver;
mod report;
mod rows;
mod tls;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};

use crate::{
    bench::Bench,
    machine::{Machine, Others},
    measure::Plan,
    rows::{Kind, Row},
};

/// Threads of this process: fewer than a fast Herald would need to be kept busy would measure the
/// load generator; more would take the machine from Herald.
const WORKERS: usize = 2;

/// Measures Herald on this machine, and compares it with its goals.
#[derive(Debug, Parser)]
struct Options {
    /// How long each row is measured
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// What to measure; unset, the usual rows over plain HTTP, then some of them over TLS
    #[arg(long, value_enum, value_delimiter = ',')]
    rows: Vec<Kind>,
    /// Deliver over TLS in the rows that --rows names
    #[arg(long, requires = "rows")]
    tls: bool,
    /// Pending retries of the row `pending`; each takes about 1.5 KB of disk
    #[arg(long, default_value_t = 1_000_000)]
    pending: usize,
    /// Clients in the full store of the row `clients`; each takes about 1.5 KB of disk
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Deliveries in the store of the row `lists`; each takes about 1.5 KB of disk
    #[arg(long, default_value_t = 1_000_000)]
    deliveries: usize,
    /// Deliveries that have ended in the store of the row `claims`; each takes about 1 KB of disk
    #[arg(long, default_value_t = 1_000_000)]
    finished: usize,
    /// Also write the results to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// The herald binary; unset, the one beside this program
    #[arg(long)]
    herald: Option<PathBuf>,
    /// Where databases go, on a disk
    #[arg(long, default_value = "target/bench-data")]
    data: PathBuf,
    #[command(subcommand)]
    command: Option<Part>,
}

/// Parts of the benchmark that are processes of their own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Signs and posts
    #[command(hide = true)]
    L0Sender {
        #[arg(long)]
        post_to: String,
        #[arg(long)]
        authority: Option<PathBuf>,
    },
    /// Accepts, signs and forwards, without storage
    #[command(hide = true)]
    L1Server {
        #[arg(long)]
        forward_to: String,
        #[arg(long)]
        authority: Option<PathBuf>,
    },
}

fn main() -> Result<()> {
    let options = Options::parse();
    rlimit::increase_nofile_limit(u64::MAX).context("many open files are needed")?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    runtime.block_on(async {
        match options.command {
            Some(Part::L0Sender { post_to, authority }) => {
                l0_sender::serve(&post_to, authority).await
            }
            Some(Part::L1Server { forward_to, authority }) => {
                l1_server::serve(&forward_to, authority).await
            }
            None => measure(options).await,
        }
    })
}

async fn measure(options: Options) -> Result<()> {
    let machine = Machine::this();
    let plan = Plan::of(Duration::from_secs(options.seconds));
    let herald = herald_binary(options.herald)?;
    let mut bench = Bench::new(herald, &options.data, plan)?;
    (bench.pending, bench.clients) = (options.pending, options.clients);
    (bench.deliveries, bench.finished) = (options.deliveries, options.finished);
    let mut rows = Vec::new();
    let others = Others::watch()?;
    report::begin(&machine);
    if options.rows.is_empty() {
        run(&bench, rows::USUAL, &mut rows).await?;
        bench = bench.over_tls()?;
        run(&bench, rows::USUAL_OVER_TLS, &mut rows).await?;
    } else {
        if options.tls {
            bench = bench.over_tls()?;
        }
        run(&bench, &options.rows, &mut rows).await?;
    }
    let verdicts = goals::judge(&rows);
    report::goals(&verdicts);
    report::others(others.share(&machine, bench.servers.total())?);
    match options.json {
        Some(path) => report::write(&path, &machine, &rows, &verdicts),
        None => Ok(()),
    }
}

async fn run(bench: &Bench, kinds: &[Kind], rows: &mut Vec<Row>) -> Result<()> {
    for kind in kinds {
        let measured =
            rows::run(*kind, bench).await.with_context(|| format!("row {kind:?} failed"))?;
        measured.iter().for_each(report::row);
        rows.extend(measured);
    }
    Ok(())
}

/// The release binary: nothing is built here, and a debug build would measure nothing.
fn herald_binary(asked: Option<PathBuf>) -> Result<PathBuf> {
    let binary = match asked {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name("herald"),
    };
    ensure!(
        binary.is_file(),
        "there is no {}; build it with `cargo build --release -p herald`",
        binary.display()
    );
    // Herald is started in another folder.
    Ok(binary.canonicalize()?)
}
