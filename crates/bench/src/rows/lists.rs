//! Lists: pages of the API and of the portal over very many deliveries, while events are published
//! and delivered to a webhook of the same account.
//!
//! One client asks for one page after another, round and round, so that each page meets whatever
//! the load does. It has a thread of its own: with the publishers on one runtime, it would measure
//! how long they keep it from reading. What the same pages take while nothing is published tells
//! what of it is waiting for a processor.

mod filling;
mod reading;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;

pub(crate) use self::reading::PAGES;
use self::reading::{Found, Reader};
use super::{Row, sustained::BACKLOG};
use crate::{
    bench::Bench,
    herald::{Account, Herald, database},
    ledger::Ledger,
    measure::Plan,
    publisher::{
        closed::ClosedLoop,
        open::{self, Offer},
    },
    receiver::Receiver,
};

/// The steady load, events a second.
const RATE: u32 = 1_000;

const IDLE: &str = "idle";

/// The loads under which pages have a goal: a steady one, and all that Herald takes.
pub(crate) const AMID: [&str; 2] = ["1,000/s", "full"];

/// Notifications a second of the full load that the ledger has room for.
const FASTEST: u64 = 100_000;

/// What a page's row under a load is called.
pub(crate) fn named(load: &str, page: &str) -> String {
    format!("{page}, {load}")
}

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let herald = Herald::start(bench).await?;
    let account = herald.account(std::iter::empty()).await?;
    let folder = herald.leave().await?;
    let began = Instant::now();
    let filled = filling::fill(&database(&folder), &account, bench.deliveries).await?;
    let filled_in = began.elapsed();
    let herald = Herald::start_in(bench, folder).await?;
    // So many pages, each read often enough for a p99, take longer than other rows.
    let plan = Plan { seconds: 3 * bench.plan.seconds, ..bench.plan };
    let reader = Reader::new(&herald, &account, &filled, bench.deliveries).await?;
    let scene = Scene { herald, account, reader, plan };

    let mut rows = rows_of(bench, IDLE, scene.read_for(plan.seconds / 3).await?);
    rows.extend(rows_of(bench, AMID[0], scene.amid_steady().await?));
    let (found, rate) = scene.amid_full().await?;
    rows.extend(rows_of(bench, AMID[1], found));
    let memory_mib = Some(scene.herald.process().peak_memory()?);
    let disk = scene.herald.stop().await? >> 20;
    let mut last = Row { rate: Some(rate), memory_mib, ..Row::new("meanwhile, full", bench) };
    let deliveries = bench.deliveries;
    last.remarks.push(format!("{deliveries} deliveries were there, made in {filled_in:.0?}"));
    last.remarks.push(format!("database of {disk} MiB in the end"));
    rows.push(last);
    Ok(rows)
}

struct Scene {
    herald: Herald,
    account: Account,
    reader: Reader,
    plan: Plan,
}

fn rows_of(bench: &Bench, load: &str, found: Vec<Found>) -> Vec<Row> {
    let row = |(found, (page, _)): (Found, &(&str, _))| Row {
        latency: Some(found.latencies.quantiles()),
        remarks: vec![found.remark()],
        ..Row::new(named(load, page), bench)
    };
    found.into_iter().zip(PAGES).map(row).collect()
}

impl Scene {
    async fn read_for(&self, time: Duration) -> Result<Vec<Found>> {
        let reading = Reading::begin(&self.reader);
        tokio::time::sleep(time).await;
        reading.end().await
    }

    async fn amid_steady(&self) -> Result<Vec<Found>> {
        let offer = Offer { rate: RATE, plan: self.plan };
        let ledger = Arc::new(Ledger::new(usize::try_from(offer.events(self.plan.whole()))?, 1));
        let receiver = Receiver::start(&ledger, None).await?;
        let webhook = self.herald.webhook(&self.account, &receiver.url(0)).await?;
        let target = self.herald.target(std::slice::from_ref(&self.account))?;
        let publishing = tokio::spawn(async move { open::publish(&target, offer).await });
        tokio::time::sleep(self.plan.warm_up).await;
        let reading = Reading::begin(&self.reader);
        let served = publishing.await??;
        let found = reading.end().await?;
        ledger.complete(served.events).await?;
        self.herald.delete_webhook(&self.account, &webhook).await?;
        Ok(found)
    }

    /// Also answers how many events a second were delivered meanwhile.
    async fn amid_full(&self) -> Result<(Vec<Found>, f64)> {
        let room = FASTEST * (self.plan.whole().as_secs() + 1);
        let ledger = Arc::new(Ledger::new(usize::try_from(room)?, 1));
        let receiver = Receiver::start(&ledger, None).await?;
        self.herald.webhook(&self.account, &receiver.url(0)).await?;
        let target = self.herald.target(std::slice::from_ref(&self.account))?;
        let publishers = ClosedLoop::start(&target, &ledger, BACKLOG).await?;
        tokio::time::sleep(self.plan.warm_up).await;
        let (began, before) = (Instant::now(), ledger.distinct());
        let found = self.read_for(self.plan.seconds).await?;
        let rate = (ledger.distinct() - before) as f64 / began.elapsed().as_secs_f64();
        let accepted = publishers.stop().await?;
        ledger.complete(accepted).await?;
        Ok((found, rate))
    }
}

/// A reader at work.
struct Reading {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Vec<Found>>>,
}

impl Reading {
    fn begin(reader: &Reader) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (reader, until) = (reader.clone(), stop.clone());
        let task = tokio::task::spawn_blocking(move || {
            let own = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            own.block_on(reader.read(&until))
        });
        Self { stop, task }
    }

    async fn end(self) -> Result<Vec<Found>> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.context("the reader panicked")?
    }
}
