//! L0: bare signed POSTs to the receiver, the most that this machine can do with this library.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use herald_domain::{
    id::{EventId, IdSequence},
    time::Timestamp,
};
use tokio::task::JoinSet;

use super::{Row, names};
use crate::{
    bench::Bench,
    event::{Numbered, notification, padded_client},
    ledger::Ledger,
    measure::{Counts, Process},
    poster::{Destination, Poster},
    receiver::Receiver,
};

/// Connections that post: as many as Herald's attempts in flight to one webhook.
const CONNECTIONS: usize = 64;

/// What all connections share.
struct Shared {
    ids: IdSequence,
    next: AtomicU64,
    stopping: AtomicBool,
    ledger: Arc<Ledger>,
}

pub(super) async fn run(bench: &Bench) -> Result<Row> {
    let ledger = Arc::new(Ledger::new(super::sustained::room(bench), 1));
    let receiver = Receiver::start(&ledger, bench.tls.as_ref()).await?;
    let destination = Destination::new(&receiver.url(0), bench.authority())?;
    let shared = Arc::new(Shared {
        ids: IdSequence::new(*b"bench"),
        next: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        ledger: ledger.clone(),
    });
    let mut posting = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let poster = Poster::connect(&destination).await?;
        posting.spawn(post_until_told(shared.clone(), poster));
    }
    let count = || Counts { accepted: ledger.distinct(), received: ledger.distinct() };
    let window = bench.plan.measure(Process::this(), count).await?;
    shared.stopping.store(true, Ordering::Relaxed);
    while let Some(poster) = posting.join_next().await {
        poster??;
    }
    ledger.complete(shared.next.load(Ordering::Relaxed)).await?;
    Ok(Row {
        rate: Some(window.received_per_second()),
        cpu_micros: Some(window.cpu_per_received()),
        remarks: vec!["CPU is the sender's and the receiver's".into()],
        ..Row::new(names::L0, bench)
    })
}

async fn post_until_told(shared: Arc<Shared>, mut poster: Poster) -> Result<()> {
    let event = notification(EventId::from_bytes([0; 12]), &padded_client(0)?)?;
    let mut event = Numbered::new(event.to_vec())?;
    while !shared.stopping.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        ensure!(shared.ledger.has_room(number), "the ledger is full: measure for less time");
        let id = EventId(shared.ids.next(Timestamp::default()));
        poster.post(id, Bytes::copy_from_slice(event.stamped(number))).await?;
    }
    Ok(())
}
