//! Clients: what it costs to make one, and to list them, among a thousand and among very many.
//!
//! The store is filled through its own traits with what the API would have made: client and event
//! in one record, everything that lists can be filtered by. The account has no webhooks, so only
//! clients are measured.

use std::{
    path::Path,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use herald_domain::{
    account::{EnvironmentId, Mode},
    catalogue::Catalogue,
    event::Event,
    exact_json::{self, Value},
    id::{EventId, IdSequence, ResourceId},
    raise::raise,
    resource::client,
    time::Timestamp,
};
use herald_store::{Record, Recorded, Recording as _, Write};
use herald_store_sqlite::SqliteStore;
use tokio::net::TcpStream;

use super::{Row, sustained::room};
use crate::{
    bench::Bench,
    event::{digits, new_client},
    herald::{Account, Herald, database},
    http1::Messages,
    ledger::Ledger,
    measure::{Counts, Latencies},
    publisher::closed::ClosedLoop,
};

/// Rows about making clients, by how many there are already.
pub(crate) const AMONG_FEW: &str = "made, of 1,000 clients";
pub(crate) const AMONG_MANY: &str = "made, of very many";

/// Rows about lists of very many: their names, and what is asked. `{middle}`, `{last}` are pages,
/// `{one}` is what tells one client from the others.
pub(crate) const PAGES: &[(&str, &str)] = &[
    ("first page", ""),
    ("first 1,000", "pageSize=1000"),
    ("middle page", "page={middle}"),
    ("last page", "page={last}"),
    ("by email", "email={one}@example.com"),
    ("by last name", "personDetails.lastName={one}&type=person"),
    ("by type", "type=person"),
    ("by metadata", "metadata.plan=gold"),
    ("made since 2026", "createdAfter=2026-01-01"),
];

/// How few are few.
const FEW: u64 = 1_000;

/// Clients to a transaction.
const BATCH: u64 = 1_000;

/// How often each page is read.
const READS: usize = 100;

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let (few, account) = filled(bench, FEW).await?;
    let mut rows = vec![making(bench, AMONG_FEW, few, &account).await?];
    let began = Instant::now();
    let (many, account) = filled(bench, bench.clients).await?;
    let filled_in = began.elapsed();
    for (name, question) in PAGES {
        rows.push(reading(bench, name, question, &many, &account).await?);
    }
    let mut made = making(bench, AMONG_MANY, many, &account).await?;
    let clients = bench.clients;
    made.remarks.push(format!("{clients} clients were there, made in {filled_in:.0?}"));
    rows.push(made);
    Ok(rows)
}

/// A Herald with so many clients of one account.
async fn filled(bench: &Bench, clients: u64) -> Result<(Herald, Account)> {
    let herald = Herald::start(bench).await?;
    let account = herald.account(std::iter::empty()).await?;
    let folder = herald.leave().await?;
    fill(&database(&folder), &account, clients).await?;
    Ok((Herald::start_in(bench, folder).await?, account))
}

async fn fill(path: &Path, account: &Account, clients: u64) -> Result<()> {
    let ids = Arc::new(IdSequence::new(*b"fill."));
    let store = SqliteStore::open(path, ids.clone())?;
    let catalogue = Catalogue::built_in();
    let environment = EnvironmentId { account: account.id.parse()?, mode: Mode::Test };
    let mut made = 0;
    while made < clients {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let at = Timestamp::from_millis(i64::try_from(millis)?);
        let (mut writes, mut events) = (Vec::new(), Vec::new());
        for number in made..clients.min(made + BATCH) {
            let Value::Object(request) = exact_json::parse(new_client(number).as_bytes())? else {
                anyhow::bail!("a request is an object");
            };
            let client = client::create(request, ResourceId(ids.next(at)), at)?;
            let raised = raise(&catalogue, &client.change("client.created", None))?;
            let event = |raised| Event::new(EventId(ids.next(at)), raised, at);
            events.extend(raised.iter().map(event));
            writes.push(Write::Create(client));
        }
        let record = Record { environment, writes, events, idempotency: None, only: None, at };
        let recorded = store.record(record).await?;
        ensure!(matches!(recorded, Recorded::Accepted { .. }), "clients were refused");
        made += BATCH;
    }
    Ok(())
}

async fn making(bench: &Bench, name: &str, herald: Herald, account: &Account) -> Result<Row> {
    let before = herald.disk()?;
    let ledger = Arc::new(Ledger::new(room(bench), 1));
    let target = herald.client_target(account);
    let makers = ClosedLoop::start(&target, &ledger, u64::MAX).await?;
    let count = || Counts { accepted: makers.accepted(), received: 0 };
    let window = bench.plan.measure(|| herald.process().cpu(), count).await?;
    let made = makers.stop().await?;
    let memory_mib = Some(herald.process().peak_memory()?);
    let grown = herald.stop().await?.saturating_sub(before);
    Ok(Row {
        rate: Some(window.accepted_per_second()),
        cpu_micros: Some(window.cpu_per_accepted()),
        memory_mib,
        disk_bytes: Some(grown as f64 / made as f64),
        ..Row::new(name, bench)
    })
}

async fn reading(
    bench: &Bench,
    name: &str,
    question: &str,
    herald: &Herald,
    account: &Account,
) -> Result<Row> {
    let pages = bench.clients.div_ceil(100);
    let question = question
        .replace("{middle}", &(pages / 2).max(1).to_string())
        .replace("{last}", &pages.to_string())
        .replace("{one}", &digits(bench.clients / 3));
    let request = format!(
        "GET /v1/clients?{question} HTTP/1.1\r\nHost: herald\r\nAuthorization: {}\r\n\r\n",
        account.key
    );
    let mut messages = Messages::new(TcpStream::connect(herald.address()).await?);
    let mut latencies = Latencies::new()?;
    let mut total = 0;
    for _ in 0..READS {
        let began = Instant::now();
        messages.send(request.as_bytes()).await?;
        let answer = messages.next().await?.context("Herald hung up")?;
        latencies.note(began.elapsed());
        ensure!(answer.second_word() == b"200", "{question} was refused");
        let list: serde_json::Value = serde_json::from_slice(answer.body)?;
        ensure!(list["items"].as_array().is_some_and(|all| !all.is_empty()), "{question}: empty");
        total = list["totalItems"].as_u64().unwrap_or_default();
    }
    let mut row = Row { latency: Some(latencies.quantiles()), ..Row::new(name, bench) };
    row.remarks.push(format!("{total} in all"));
    Ok(row)
}
